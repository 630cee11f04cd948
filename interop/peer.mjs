// A peer like peer.py, in the libzmq of npm's zeromq, which is newer. It has the
// commands that the tests of security need; peer.py documents them.
//
//	node peer.mjs <folder of node_modules>

import { createHash } from "node:crypto"
import { createRequire } from "node:module"
import { createInterface } from "node:readline"

const zmq = createRequire(process.argv[2] + "/")("zeromq")

const TYPES = ["PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"]

// Options: the setter and the option number.
const OPTIONS = {
	IDENTITY: ["setStringOption", 5],
	SUBSCRIBE: ["setStringOption", 6],
	UNSUBSCRIBE: ["setStringOption", 7],
	LINGER: ["setInt32Option", 17],
	RECONNECT_IVL: ["setInt32Option", 18],
	RCVTIMEO: ["setInt32Option", 27],
	SNDTIMEO: ["setInt32Option", 28],
	PLAIN_SERVER: ["setInt32Option", 44],
	PLAIN_USERNAME: ["setStringOption", 45],
	PLAIN_PASSWORD: ["setStringOption", 46],
	CURVE_SERVER: ["setInt32Option", 47],
	CURVE_PUBLICKEY: ["setStringOption", 48],
	CURVE_SECRETKEY: ["setStringOption", 49],
	CURVE_SERVERKEY: ["setStringOption", 50],
	ZAP_DOMAIN: ["setStringOption", 55],
	ROUTER_HANDOVER: ["setInt32Option", 56],
	HANDSHAKE_IVL: ["setInt32Option", 66],
}

const PROTOCOL_ERRORS = {
	ERR_ZMTP_UNEXPECTED_COMMAND: "0x10000001",
	ERR_ZMTP_CRYPTOGRAPHIC: "0x11000001",
	ERR_ZMTP_MECHANISM_MISMATCH: "0x11000002",
	ERR_ZAP_INVALID_STATUS_CODE: "0x20000004",
}

const context = new zmq.Context()
const sockets = {}
const events = {} // by socket

function blob(size, seed) {
	if (size === 0) return Buffer.alloc(0)
	const b = createHash("shake128", { outputLength: size }).update(String(seed)).digest()
	b[0] |= 0x80
	return b
}

const frame = spec => (spec.b64 === undefined ? blob(spec.size, spec.seed) : Buffer.from(spec.b64, "base64"))

function describe(b) {
	const d = { size: b.length, sha256: createHash("sha256").update(b).digest("hex") }
	if (b.length <= 1024) d.b64 = b.toString("base64")
	return d
}

class Raw extends zmq.Socket {
	constructor(type) {
		super(TYPES.indexOf(type), { context })
	}

	set(option, value) {
		const [how, number] = OPTIONS[option]
		this[how](number, typeof value === "object" ? frame(value) : value)
	}
}

// Events queues the events of a socket.
class Events {
	constructor(socket) {
		this.seen = []
		this.waiting = () => {}
		this.watch(socket.events)
	}

	async watch(events) {
		for await (const event of events) {
			this.seen.push(event)
			this.waiting()
		}
	}

	// next returns the result of f for the next event for which it has one.
	async next(f) {
		for (;;) {
			while (this.seen.length > 0) {
				const found = f(this.seen.shift())
				if (found) return found
			}
			await new Promise(resolve => (this.waiting = resolve))
		}
	}
}

let policy

async function answerZAP() {
	const handler = new zmq.Router({ context })
	await handler.bind("inproc://zeromq.zap.01")
	const answer = async () => {
		for await (const [sender, empty, version, number, , , , mechanism, ...credentials] of handler) {
			let known = false
			if (String(mechanism) === "PLAIN") known = policy.Users?.[String(credentials[0])] === String(credentials[1])
			if (String(mechanism) === "CURVE") known = policy.Keys?.includes(z85(credentials[0]))
			const status = policy.Status || (known ? "200" : "400")
			if (status !== "silent") await handler.send([sender, empty, version, number, status, "text", "", ""])
		}
	}
	answer()
}

function z85(bytes) {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
	let text = ""
	for (let i = 0; i < bytes.length; i += 4) {
		const n = bytes.readUInt32BE(i)
		for (let power = 85 ** 4; power >= 1; power /= 85) text += digits[Math.floor(n / power) % 85]
	}
	return text
}

function outcome({ type, error }) {
	switch (type) {
		case "handshake":
			return "HANDSHAKE_SUCCEEDED"
		case "handshake:error:protocol":
			return "HANDSHAKE_FAILED_PROTOCOL " + (PROTOCOL_ERRORS[error.code] ?? error.code)
		case "handshake:error:auth":
			return "HANDSHAKE_FAILED_AUTH " + error.status
		case "handshake:error:other":
			return "HANDSHAKE_FAILED_NO_DETAIL"
	}
}

const commands = {
	socket({ name, type, options }) {
		const s = (sockets[name] = new Raw(type))
		for (const [option, value] of Object.entries({ LINGER: 0, SNDTIMEO: 60000, RCVTIMEO: 60000, ...options })) s.set(option, value)
		events[name] = new Events(s)
	},

	async bind({ name, endpoint }) {
		await sockets[name].bind(endpoint)
		return { endpoint }
	},

	connect({ name, endpoint }) {
		sockets[name].connect(endpoint)
	},

	subscribe({ name, topics }) {
		for (const t of topics) sockets[name].set("SUBSCRIBE", t)
	},

	async send({ name, frames }) {
		await sockets[name].send(frames.map(frame))
	},

	async recv({ name }) {
		return { frames: (await sockets[name].receive()).map(describe) }
	},

	// poll has the socket process its mailbox.
	poll({ name }) {
		return { count: sockets[name].readable ? 1 : 0 }
	},

	fill({ name }) {
		sockets[name].send("message").catch(() => {})
	},

	async event({ name, kind }) {
		await events[name].next(e => outcome(e)?.startsWith(kind))
	},

	async outcome({ name }) {
		return { names: [await events[name].next(outcome)] }
	},

	async zap(command) {
		if (!policy) await answerZAP()
		policy = command.policy
	},

	close({ name }) {
		sockets[name].close()
	},
}

const input = createInterface({ input: process.stdin })
input.on("close", () => process.exit()) // even while a receive is pending
for await (const line of input) {
	const command = JSON.parse(line)
	let answer
	try {
		answer = (await commands[command.do](command)) ?? {}
	} catch (e) {
		answer = { error: String(e.code ?? e) }
	}
	process.stdout.write(JSON.stringify(answer) + "\n")
}
