package main

import (
	"context"
	"testing"
)

func TestWaitAnyReturnsAfterFirstTopic(t *testing.T) {
	wait := func(ctx context.Context, n int, topic string, _ ...string) error {
		if topic == "wanted" && n == 2 {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
	if err := waitAny(t.Context(), wait, 2, []string{"a", "wanted", "b"}); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := waitAny(ctx, wait, 2, []string{"a"}); err != context.Canceled {
		t.Error(err)
	}
}

func TestPublisherWaitsForTopicsOfArguments(t *testing.T) {
	j := &job{waitTerms: subscription, in: &input{src: &listSource{list: []record{
		{frames: frames("a", "1")}, {frames: frames("b")}, {frames: frames("a", "2")},
	}}}}
	if got := joinSome(j.topics(nil)); got != `"a" or "b"` {
		t.Error(got)
	}
	j.in.src = &lineSource{}
	if got := joinSome(j.topics(&record{frames: frames("first", "x")})); got != `"first"` {
		t.Error(got)
	}
	j.waitTerms = membership
	if got := joinSome(j.topics(&record{group: "g", frames: frames("x")})); got != `"g"` {
		t.Error(got)
	}
	if got := topicList(2, []string{"a", "b"}); got != `the same one of "a" or "b"` {
		t.Error(got)
	}
	if got := joinSome([]string{"1", "2", "3", "4", "5"}); got != `"1" or "2" or "3" or 2 others` {
		t.Error(got)
	}
}
