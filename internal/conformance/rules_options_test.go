package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/options"
)

// effect is what an option does.
type effect struct {
	text       string
	tests      []string // of the effect
	deviations []string
}

// The rules about options have the facts of the table in internal/options, and the
// effects of rules_options_effects_test.go.
var (
	optionRules        = rulesOfOptions(options.Socket, socketOptionEffects, "option", testsOfOption)
	contextOptionRules = rulesOfOptions(options.Context, contextOptionEffects, "context-option", testsOfContextOption)
)

// testsOfOption returns the tests of the range of an option, its default, its type,
// when it takes effect, and that a wrong value changes nothing.
func testsOfOption(o *options.Option) []string {
	list := []string{"internal/options/TestSetOfWrongValueIsEINVALAndChangesNothing", "internal/options/TestGetOfWrongSizeIsEINVAL"}
	subscribes := o.Name == "ZMQ_SUBSCRIBE" || o.Name == "ZMQ_UNSUBSCRIBE"
	if o.Set && !o.Unknown && !subscribes && o.Name != "ZMQ_TCP_ACCEPT_FILTER" && o.Name != "ZMQ_METADATA" {
		list = append(list, "internal/options/TestSetOfLimitsIsReadBack")
	}
	if o.Set && !o.Unknown && !subscribes && o.Name != "ZMQ_ROUTER_RAW" && o.Name != "ZMQ_CONNECT_ROUTING_ID" {
		list = append(list, "internal/options/TestOptionSetInUseReachesNextEndpoint")
	}
	return list
}

// testsOfContextOption does the same for an option of contexts.
func testsOfContextOption(*options.Option) []string {
	return []string{"internal/options/TestContextSetOfWrongValueIsEINVALAndChangesNothing", "internal/options/TestContextOptionsAreReadBack"}
}

// rulesOfOptions returns a rule for each option. One that this library lacks is EINVAL,
// as in a build of libzmq without it.
func rulesOfOptions(table []options.Option, effects map[string]effect, prefix string, tests func(*options.Option) []string) (rules []rule) {
	for _, o := range table {
		name := strings.ToLower(strings.TrimPrefix(o.Name, "ZMQ_"))
		e := effects[o.Name]
		r := rule{slug: prefix + "-" + strings.ReplaceAll(name, "_", "-"), status: kept, deviations: e.deviations, others: append(tests(&o), e.tests...)}
		if r.text = fmt.Sprintf("%s (%d): %s. %s", o.Name, o.Number, strings.Join(facts(&o), ", "), e.text); o.Unknown {
			r.text = fmt.Sprintf("%s (%d): EINVAL, as in a build of libzmq without it.", o.Name, o.Number)
		}
		if len(r.deviations) > 0 {
			r.status = deviates
		}
		rules = append(rules, r)
	}
	return rules
}

// TestEveryOptionHasAnEffect checks that the effects are those of the options of the
// tables that this library has.
func TestEveryOptionHasAnEffect(t *testing.T) {
	for what, effects := range map[*[]options.Option]map[string]effect{&options.Socket: socketOptionEffects, &options.Context: contextOptionEffects} {
		has := make(map[string]bool)
		for _, o := range *what {
			if has[o.Name] = !o.Unknown; has[o.Name] && effects[o.Name].text == "" {
				t.Errorf("%s has no effect", o.Name)
			}
		}
		for name := range effects {
			if !has[name] {
				t.Errorf("%s has an effect and does not exist", name)
			}
		}
	}
}

// facts returns the type, the range, the default and the socket types of an option.
func facts(o *options.Option) []string {
	list := []string{o.Kind.String()}
	if o.Unit != "" {
		list[0] += " (" + o.Unit + ")"
	}
	list = append(list, o.Range())
	if o.Set && (o.Kind == options.Int || o.Kind == options.Int64 || o.Kind == options.Uint64) && o.Clears == options.Never {
		list = append(list, fmt.Sprintf("default %d", o.Default))
	}
	if o.Set && !o.Get {
		list = append(list, "cannot be read")
	}
	if o.Types != nil {
		list = append(list, "for "+o.SocketTypes())
	}
	if o.Set && o.When == options.Live {
		list = append(list, "takes effect at once")
	}
	return list
}
