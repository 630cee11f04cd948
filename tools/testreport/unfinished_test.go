package main

import (
	"strings"
	"testing"
)

// timedOut is the output of go test -json for a package that -timeout ended.
// One test had passed, two were running, one of them with a subtest, and one
// was paused.
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

func reportOf(t *testing.T, events string) (text, summary string) {
	t.Helper()
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	return out.String(), r.summary()
}

func TestReportShowsPanicOfTimedOutPackage(t *testing.T) {
	text, summary := reportOf(t, timedOut+`{"Action":"output","Package":"a","Output":"FAIL\ta\t1.007s\n"}
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
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if summary != "1 passed, 2 failed, 0 skipped" {
		t.Error(summary)
	}
}

func TestReportFailsPackageWithoutFinalEvent(t *testing.T) {
	text, summary := reportOf(t, timedOut+`{"Action":"start","Package":"b"}
`)
	for _, want := range []string{"a: go test ended before the package did\n", "panic: test timed out", "b: go test ended before the package did\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if summary != "1 passed, 3 failed, 0 skipped" {
		t.Error(summary)
	}
}

// go test reports a panic after a test has passed as output of that test.
func TestReportShowsPanicAfterTestPassed(t *testing.T) {
	text, summary := reportOf(t, `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestDone"}
{"Action":"pass","Package":"a","Test":"TestDone"}
{"Action":"output","Package":"a","Test":"TestDone","Output":"panic: late\n"}
{"Action":"output","Package":"a","Output":"FAIL\ta\t1.007s\n"}
{"Action":"fail","Package":"a"}
`)
	if !strings.Contains(text, "panic: late\n") || summary != "1 passed, 1 failed, 0 skipped" {
		t.Errorf("%s\n%s", text, summary)
	}
}
