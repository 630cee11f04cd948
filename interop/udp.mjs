// Runs one socket of a type that uses UDP, in the libzmq of npm's zeromq, which is
// built with draft types. Each input line is a command in JSON; the answer is one
// line. A frame is a text with one character per byte.
//
//	node udp.mjs <folder of node_modules> <socket type>

import { createRequire } from "node:module"
import { createInterface } from "node:readline"

const load = createRequire(process.argv[2] + "/")
load("zeromq")
const draft = load("zeromq/draft")
const type = process.argv[3]
const socket = new draft[{ RADIO: "Radio", DISH: "Dish", DGRAM: "Datagram" }[type]]({ linger: 0 })

const bytes = text => Buffer.from(text, "latin1")
const text = b => b.toString("latin1")

const commands = {
	async bind({ at }) {
		await socket.bind(at)
		return {}
	},

	async connect({ at }) {
		socket.connect(at)
		return {}
	},

	async join({ group }) {
		socket.join(bytes(group))
		return {}
	},

	async send({ first, body }) {
		if (type === "RADIO") await socket.send(bytes(body), { group: bytes(first) })
		else await socket.send([bytes(first), bytes(body)])
		return {}
	},

	// recv skips the probes with which the test waits for bind.
	async recv({ probes }) {
		for (;;) {
			const [a, b] = await socket.receive()
			const texts = type === "DISH" ? [text(b.group), text(a)] : [text(a), text(b)]
			if (probes || texts[1] !== "probe") return { texts }
		}
	},
}

const input = createInterface({ input: process.stdin })
input.on("close", () => process.exit()) // even while a receive is pending
for await (const line of input) {
	const command = JSON.parse(line)
	let answer
	try {
		answer = await commands[command.do](command)
	} catch (e) {
		answer = { error: String(e.code ?? e) }
	}
	process.stdout.write(JSON.stringify(answer) + "\n")
}
