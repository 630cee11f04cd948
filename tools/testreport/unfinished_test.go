package main

import (
	"strings"
	"testing"
)

// timedOut is what go test -json says of a package that -timeout ended, with
// one test that had passed, two that ran, one of them with a subtest, and one
// that was paused.
const timedOut = `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestDone"}
{"Action":"output","Package":"a","Test":"TestDone","Output":"--- PASS: TestDone (0.00s)\n"}
{"Action":"pass","Package":"a","Test":"TestDone"}
{"Action":"run","Package":"a","Test":"TestHung"}
{"Action":"output","Package":"a","Test":"TestHung","Output":"=== RUN   TestHung\n"}
{"Action":"output","Package":"a","Test":"TestHung","Output":"    a_test.go:4: connected\n"}
{"Action":"run","Package":"a","Test":"TestPaused"}
{"Action":"output","Package":"a","Test":"TestPaused","Output":"=== RUN   TestPaused\n"}
{"Action":"output","Package":"a","Test":"TestPaused","Output":"=== PAUSE TestPaused\n"}
{"Action":"pause","Package":"a","Test":"TestPaused"}
{"Action":"run","Package":"a","Test":"TestOther"}
{"Action":"run","Package":"a","Test":"TestOther/sub"}
{"Action":"output","Package":"a","Test":"TestOther/sub","Output":"=== RUN   TestOther/sub\n"}
{"Action":"output","Package":"a","Test":"TestOther/sub","Output":"panic: test timed out after 1s\n"}
{"Action":"output","Package":"a","Test":"TestOther/sub","Output":"goroutine 7 [running]:\n"}
`

func reportOf(t *testing.T, events string) (told, closing string) {
	t.Helper()
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	return out.String(), r.closing()
}

func TestReportShowsPanicOfTimedOutPackage(t *testing.T) {
	told, closing := reportOf(t, timedOut+`{"Action":"output","Package":"a","Output":"FAIL\ta\t1.007s\n"}
{"Action":"fail","Package":"a"}
`)
	const want = `FAIL	a	1.007s
a: TestHung did not end
=== RUN   TestHung
    a_test.go:4: connected
a: TestOther/sub did not end
=== RUN   TestOther/sub
panic: test timed out after 1s
goroutine 7 [running]:
`
	if told != want {
		t.Errorf("got\n%s\nwant\n%s", told, want)
	}
	if closing != "1 passed, 2 failed, 0 skipped" {
		t.Error(closing)
	}
}

func TestReportShowsPackageThatNeverEnds(t *testing.T) {
	told, closing := reportOf(t, timedOut+`{"Action":"start","Package":"b"}
`)
	for _, want := range []string{"a: no end of the package\n", "panic: test timed out", "b: no end of the package\n"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not in\n%s", want, told)
		}
	}
	if closing != "1 passed, 3 failed, 0 skipped" {
		t.Error(closing)
	}
}

// A panic after a test has passed comes under that test's name.
func TestReportShowsPanicAfterTestPassed(t *testing.T) {
	told, closing := reportOf(t, `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestDone"}
{"Action":"pass","Package":"a","Test":"TestDone"}
{"Action":"output","Package":"a","Test":"TestDone","Output":"panic: late\n"}
{"Action":"output","Package":"a","Output":"FAIL\ta\t1.007s\n"}
{"Action":"fail","Package":"a"}
`)
	if !strings.Contains(told, "panic: late\n") || closing != "1 passed, 1 failed, 0 skipped" {
		t.Errorf("%s\n%s", told, closing)
	}
}
