package diff

import (
	"fmt"
	"strings"
)

// hwmPairs are scenarios with all combinations of high-water marks from 0 to 4
// at the two ends of a queue, for every pair of types whose sends can block.
// The capacity is exact only over inproc.
var hwmPairs = allHWMPairs()

func allHWMPairs() (list []entry) {
	for _, pair := range [][2]string{
		{"PUSH", "PULL"}, {"DEALER", "DEALER"}, {"DEALER", "ROUTER"}, {"PAIR", "PAIR"}, {"XPUB xpub_nodrop=1", "XSUB"},
		{"SCATTER", "GATHER"}, {"CLIENT", "SERVER"}, {"CHANNEL", "CHANNEL"},
	} {
		for send := range 5 {
			for recv := range 5 {
				list = append(list, entry{
					name: fmt.Sprintf("hwm-%d-and-%d-%s-%s", send, recv, typeName(pair[0]), typeName(pair[1])),
					rule: "inproc queues hold the sum of both high-water marks", over: inproc, text: fill(pair, send, recv),
				})
			}
		}
	}
	return list
}

// typeName returns the socket type of a declaration in lower case.
func typeName(declaration string) string {
	typ, _, _ := strings.Cut(declaration, " ")
	return strings.ToLower(typ)
}

// fill returns a script that fills a queue, reads half of it, and fills it
// again. A full queue accepts messages again after half of its messages were
// read.
func fill(pair [2]string, send, recv int) string {
	first := ""
	if pair[1] == "XSUB" {
		first = "b sub \"\"\na take 1"
	}
	open := fmt.Sprintf("a %s sndhwm=%d\nb %s rcvhwm=%d\nb bind x\na connect x\n%s\n", pair[0], send, pair[1], recv, first)
	if send == 0 || recv == 0 {
		return open + `
			a fill 300 -> 300
			b take 300
			b none`
	}
	full := send + recv
	half := (full + 1) / 2
	return open + fmt.Sprintf(`
		a fill 300 -> %[1]d
		b take %[2]d
		a fill 300 -> %[2]d
		b take %[1]d
		b none
		a send again
		b take 1`, full, half)
}
