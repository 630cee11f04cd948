package main

import (
	"strings"
	"testing"
)

// events are lines of go test -json with only the fields that testreport reads.
const events = `go: downloading something
{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestGood"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"    a_test.go:9: chatter\n"}
{"Action":"pass","Package":"a","Test":"TestGood"}
{"Action":"output","Package":"a","Test":"TestIdle","Output":"    a_test.go:7: no libzmq: not installed\n"}
{"Action":"output","Package":"a","Test":"TestIdle","Output":"--- SKIP: TestIdle (0.00s)\n"}
{"Action":"skip","Package":"a","Test":"TestIdle"}
{"Action":"skip","Package":"a","Test":"TestMute"}
{"Action":"output","Package":"a","Output":"PASS\n"}
{"Action":"output","Package":"a","Output":"ok  \ta\t0.01s\n"}
{"Action":"pass","Package":"a"}
{"Action":"output","Package":"b","Test":"TestBad","Output":"    b_test.go:3: want 1\n"}
{"Action":"fail","Package":"b","Test":"TestBad"}
{"Action":"output","Package":"b","Output":"FAIL\tb\t0.01s\n"}
{"Action":"fail","Package":"b"}
{"Action":"build-output","ImportPath":"c","Output":"c.go:1: syntax error\n"}
{"Action":"fail","Package":"c"}
`

func TestReportSummarizesPackages(t *testing.T) {
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	r.printSkips()
	const want = `go: downloading something
ok  	a	0.01s
b: TestBad
    b_test.go:3: want 1
FAIL	b	0.01s
c.go:1: syntax error
skipped: no libzmq: not installed (TestIdle)
skipped: no reason given (TestMute)
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
	if got := r.summary(); got != "1 passed, 2 failed, 2 skipped" {
		t.Error(got)
	}
}
