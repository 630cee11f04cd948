package diff

import "fmt"

// marks is high-water marks of one message and more at both ends of a queue, for
// every pair of types that waits. What they hold together is exact over inproc
// alone.
var marks = allMarks()

func allMarks() (list []entry) {
	for _, pair := range [][2]string{
		{"PUSH", "PULL"}, {"DEALER", "DEALER"}, {"DEALER", "ROUTER"}, {"PAIR", "PAIR"}, {"XPUB xpub_nodrop=1", "XSUB"},
		{"SCATTER", "GATHER"}, {"CLIENT", "SERVER"}, {"CHANNEL", "CHANNEL"},
	} {
		for send := range 5 {
			for recv := range 5 {
				list = append(list, entry{
					name: fmt.Sprintf("marks of %d and %d, %s to %s", send, recv, pair[0], pair[1]),
					rows: "3.1 inproc pipe limit, LWM", over: inside, text: fill(pair, send, recv),
				})
			}
		}
	}
	return list
}

// fill fills a queue between two marks to the brim, makes room, and fills it
// again. It has room when half of what it holds is read.
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
