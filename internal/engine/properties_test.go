package engine_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

func TestEncodePropertiesSortsNames(t *testing.T) {
	got, err := engine.EncodeProperties(map[string]string{"X-b": "", "x-c": "3", "X-a": "one"})
	want := wire.AppendProperty(nil, "X-a", "one")
	want = wire.AppendProperty(want, "X-b", "")
	want = wire.AppendProperty(want, "x-c", "3")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if got, err := engine.EncodeProperties(nil); got != nil || err != nil {
		t.Errorf("of none: %q, %v", got, err)
	}
}

func TestEncodePropertiesRefusesInvalidOnes(t *testing.T) {
	many := make(map[string]string)
	for i := range 33 {
		many[fmt.Sprintf("X-%d", i)] = ""
	}
	for want, properties := range map[string]map[string]string{
		`name "": begin it with X-`:                                                            {"": ""},
		`name "X-": begin it with X-`:                                                          {"X-": "v"},
		`name "Identity": begin it with X-`:                                                    {"Identity": "v"},
		`name "X-a b": use up to 255 letters, digits, and - _ . +`:                             {"X-a b": "v"},
		`name "X-\x00": use up to 255 letters, digits, and - _ . +`:                            {"X-\x00": "v"},
		`name "x-on-error": the library uses it`:                                               {"x-on-error": "retry"},
		`name "x-a": another differs only in case`:                                             {"x-a": "", "X-A": ""},
		`33 properties: at most 32`:                                                            many,
		`property "X-a" of 4097 bytes: at most 4096 bytes of names and values`:                 {"X-a": strings.Repeat("v", 4097)},
		`4097 bytes with their lengths: at most 4096`:                                          {"X-a": strings.Repeat("v", 4089)},
		`name "X-` + strings.Repeat("n", 38) + `": use up to 255 letters, digits, and - _ . +`: {"X-" + strings.Repeat("n", 254): "v"},
	} {
		if got, err := engine.EncodeProperties(properties); got != nil || err == nil || err.Error() != want {
			t.Errorf("got %q, %v, want %s", got, err, want)
		}
	}
	if _, err := engine.EncodeProperties(map[string]string{"X-a": strings.Repeat("v", 4088)}); err != nil {
		t.Error(err)
	}
}
