// Runs scenarios on the libzmq of npm's zeromq, which is newer than that of
// worker.py and built with draft types. worker.py documents the input and output,
// and how the worker waits for pending work.
//
// The worker uses the package's Socket class with numeric types and options, so
// that a new type or option needs only a line in the tables below. Both timeouts
// are 0, so calls that return a promise do not block. They then read ZMQ_EVENTS,
// for which a SUB and a ROUTER take one more message from a pipe than requested.
//
//	node worker.mjs <folder of node_modules> <endpoint for its own use> <seconds to wait at most>

import { createRequire } from "node:module"
import { connect, createServer } from "node:net"
import { createInterface } from "node:readline"

const zmq = createRequire(process.argv[2] + "/")("zeromq")

const WAIT_LIMIT = 1000 * Number(process.argv[4])
const LINGER = WAIT_LIMIT

const TYPES = [
	"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM",
	"SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER", "DGRAM", "PEER", "CHANNEL",
]
const [XSUB, STREAM, SERVER, RADIO, DISH] = ["XSUB", "STREAM", "SERVER", "RADIO", "DISH"].map(t => TYPES.indexOf(t))

// Options: the setter and the option number.
const OPTIONS = {
	routing_id: ["setStringOption", 5],
	subscribe: ["setStringOption", 6],
	unsubscribe: ["setStringOption", 7],
	linger: ["setInt32Option", 17],
	reconnect_ivl: ["setInt32Option", 18],
	maxmsgsize: ["setInt64Option", 22],
	sndhwm: ["setInt32Option", 23],
	rcvhwm: ["setInt32Option", 24],
	rcvtimeo: ["setInt32Option", 27],
	sndtimeo: ["setInt32Option", 28],
	router_mandatory: ["setInt32Option", 33],
	xpub_verbose: ["setInt32Option", 40],
	probe_router: ["setInt32Option", 51],
	req_correlate: ["setInt32Option", 52],
	req_relaxed: ["setInt32Option", 53],
	conflate: ["setInt32Option", 54],
	plain_server: ["setInt32Option", 44],
	plain_username: ["setStringOption", 45],
	plain_password: ["setStringOption", 46],
	curve_server: ["setInt32Option", 47],
	curve_publickey: ["setStringOption", 48],
	curve_secretkey: ["setStringOption", 49],
	curve_serverkey: ["setStringOption", 50],
	zap_domain: ["setStringOption", 55],
	router_handover: ["setInt32Option", 56],
	connect_routing_id: ["setStringOption", 61],
	handshake_ivl: ["setInt32Option", 66],
	xpub_nodrop: ["setInt32Option", 69],
	xpub_manual: ["setInt32Option", 71],
	xpub_welcome_msg: ["setStringOption", 72],
	stream_notify: ["setInt32Option", 73],
	invert_matching: ["setInt32Option", 74],
	xpub_verboser: ["setInt32Option", 78],
	router_notify: ["setInt32Option", 97],
	xpub_manual_last_value: ["setInt32Option", 98],
	only_first_subscribe: ["setInt32Option", 108],
	hello_msg: ["setStringOption", 110],
	disconnect_msg: ["setStringOption", 111],
	hiccup_msg: ["setStringOption", 114],
	xsub_verbose_unsubscribe: ["setInt32Option", 115],
}
const TOPICS_COUNT = 116

// The codes of protocol errors that scenarios cause.
const PROTOCOL_ERRORS = {
	ERR_ZMTP_UNEXPECTED_COMMAND: "0x10000001",
	ERR_ZMTP_CRYPTOGRAPHIC: "0x11000001",
	ERR_ZMTP_MECHANISM_MISMATCH: "0x11000002",
}

const context = new zmq.Context()

function z85(bytes) {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
	let text = ""
	for (let i = 0; i < bytes.length; i += 4) {
		const n = bytes.readUInt32BE(i)
		for (let power = 85 ** 4; power >= 1; power /= 85) text += digits[Math.floor(n / power) % 85]
	}
	return text
}

const bytes = text => Buffer.from(text, "latin1")
const turn = () => new Promise(setImmediate)
const errname = e => ({ EOPNOTSUPP: "ENOTSUP" })[e.code] ?? e.code ?? String(e)

class Raw extends zmq.Socket {
	constructor(type) {
		super(type, { context })
	}

	set(option, value) {
		const [how, number] = OPTIONS[option]
		this[how](number, typeof value === "string" ? bytes(value) : value)
	}
}

// outcomeOf returns the name in scenarios of an event that ends a handshake.
function outcomeOf({ type, error }) {
	switch (type) {
		case "handshake":
			return "ready"
		case "handshake:error:protocol":
			return "protocol " + (PROTOCOL_ERRORS[error.code] ?? error.code)
		case "handshake:error:auth":
			return "auth " + error.status
		case "handshake:error:other":
			return "failed"
	}
}

// Watched is a socket with its monitor.
class Watched {
	constructor(type, options) {
		this.type = type
		this.socket = new Raw(type)
		const all = { linger: LINGER, reconnect_ivl: 10, rcvtimeo: 0, sndtimeo: 0, ...options }
		for (const option in all) this.socket.set(option, all[option])
		this.handshakes = 0 // that have succeeded
		this.outcomes = [] // of handshakes, which no step has taken
		this.stopped = false
		this.watch(this.socket.events)
	}

	async watch(events) {
		try {
			for await (const event of events) {
				// A STREAM has no handshake event.
				const handshakes = this.type === STREAM ? ["accept", "connect"] : ["handshake"]
				if (handshakes.includes(event.type)) this.handshakes++
				const outcome = outcomeOf(event)
				if (outcome) this.outcomes.push(outcome)
				if (event.type === "end") this.stopped = true
			}
		} catch {
		}
		this.stopped = true
	}

	// pump has the socket process its mailbox and nothing else.
	pump() {
		try {
			this.socket.disconnect("inproc://unused")
		} catch {
		}
	}
}

// Stream is a plain connection, the peer of a STREAM. It has one connection at a
// time, and accepts the next one when a step needs it.
class Stream {
	constructor(worker) {
		this.worker = worker
		this.waiting = []
	}

	pump() {
	}

	where(at) {
		if (at.startsWith("ipc://")) return { path: at.slice("ipc://".length) }
		const [host, port] = at.slice("tcp://".length).split(":")
		return { host, port: Number(port) }
	}

	bind(step) {
		this.server = createServer(conn => this.waiting.push(this.adopt(conn)))
		return new Promise(done => this.server.listen(this.where(step.at), done))
	}

	connect(step) {
		return new Promise(done => {
			this.conn = this.adopt(connect(this.where(step.at), done))
		})
	}

	adopt(conn) {
		conn.arrived = Buffer.alloc(0)
		conn.setNoDelay(true)
		conn.on("data", more => { conn.arrived = Buffer.concat([conn.arrived, more]) })
		conn.on("end", () => { conn.over = true })
		conn.on("error", () => { conn.over = true })
		return conn
	}

	async ready() {
		if (this.conn) return
		await this.worker.until(() => this.waiting.length > 0)
		this.conn = this.waiting.shift()
	}

	async send(step) {
		await this.ready()
		await new Promise(done => this.conn.write(bytes(this.worker.substitute(step.frames[0])), done))
	}

	async recv(step) {
		await this.ready()
		const conn = this.conn
		await this.worker.until(() => conn.arrived.length >= step.count || conn.over)
		const data = conn.arrived.subarray(0, step.count).toString("latin1")
		conn.arrived = conn.arrived.subarray(step.count)
		return { got: [[data]], ...(data.length < step.count ? { err: "EOF" } : {}) }
	}

	async eof() {
		await this.ready()
		await this.worker.until(() => this.conn.over || this.conn.arrived.length > 0)
		if (this.conn.arrived.length > 0) return { err: "received data instead of EOF" }
	}

	async hangup() {
		await this.ready()
		this.conn.destroy()
		this.conn = undefined
	}

	close() {
		for (const conn of [this.conn, ...this.waiting]) conn?.destroy()
		this.server?.close()
	}
}

class Worker {
	constructor(place) {
		this.open = new Map()
		this.closing = [] // closed in this scenario, but waiting for peers
		this.ping = new Raw(0)
		this.pong = new Raw(0)
		for (const s of [this.ping, this.pong]) {
			s.set("linger", 0)
			s.set("rcvtimeo", WAIT_LIMIT)
		}
		this.zap = new zmq.Router({ context, linger: 0 })
		this.answerZAP()
		this.ready = this.ping.bind(place).then(() => this.pong.connect(place))
	}

	pump() {
		for (const w of this.open.values()) w.pump()
	}

	async settle(rounds = 3) {
		for (let i = 0; i < rounds; i++) {
			this.pump()
			if (this.closing.some(w => !w.stopped)) await this.reap()
			if (this.wired) {
				await this.ping.send("")
				await this.pong.receive()
				await this.pong.send("")
				await this.ping.receive()
			}
		}
		this.pump()
	}

	async reap() {
		const w = new Watched(0, { linger: 0 })
		w.socket.close()
		await this.until(() => w.stopped)
	}

	async until(done) {
		for (const end = Date.now() + WAIT_LIMIT; !done(); await turn()) {
			this.pump()
			if (Date.now() > end) throw new Error("no monitor event")
		}
	}

	async bind(w, step) {
		// bind fails with EAGAIN while an earlier call of the binding is pending.
		for (const end = Date.now() + WAIT_LIMIT; ; await this.settle()) {
			try {
				return await w.socket.bind(step.at)
			} catch (e) {
				if (e.code !== "EAGAIN" || Date.now() > end) throw e
			}
		}
	}

	unbind(w, step) {
		return w.socket.unbind(step.at)
	}

	connect(w, step) {
		if (step.as) w.socket.set("connect_routing_id", step.as)
		w.socket.connect(step.at)
	}

	disconnect(w, step) {
		w.socket.disconnect(step.at)
	}

	async close(w, step) {
		this.open.delete(step.socket)
		w.socket.close()
		if (step.plan.wait) await this.until(() => w.stopped)
		else this.closing.push(w)
	}

	subscribe(w, step) {
		return this.topic(w, step, "subscribe", "\x01")
	}

	unsubscribe(w, step) {
		return this.topic(w, step, "unsubscribe", "\x00")
	}

	topic(w, step, option, first) {
		const topic = step.topic ?? ""
		if (w.type === XSUB) return w.socket.send(bytes(first + topic))
		w.socket.set(option, topic)
	}

	assign(w, step) {
		w.socket.set("subscribe", step.topic ?? "")
	}

	unassign(w, step) {
		w.socket.set("unsubscribe", step.topic ?? "")
	}

	async topics(w) {
		await this.settle()
		return { counts: [w.socket.getInt32Option(TOPICS_COUNT)] }
	}

	join(w, step) {
		w.socket.join(bytes(step.topic ?? ""))
	}

	leave(w, step) {
		w.socket.leave(bytes(step.topic ?? ""))
	}

	substitute(f) {
		return f.length > 1 && f[0] === "$" ? this.kept[f.slice(1)] : f
	}

	// In scenarios, the first frame of a SERVER's message is the routing number in
	// decimal, and that of a RADIO's or DISH's message is the group. libzmq has
	// neither in a frame.
	put(w, frames) {
		w.pump()
		const raw = frames.map(f => bytes(this.substitute(f)))
		if (w.type === SERVER) return w.socket.send(raw.slice(1), { routingId: Number(raw[0]) })
		if (w.type === RADIO) return w.socket.send(raw.slice(1), { group: raw[0] })
		return w.socket.send(raw)
	}

	send(w, step) {
		return this.put(w, step.frames)
	}

	async fill(w, step) {
		let n = 0
		try {
			for (; n < step.count; n++) await this.put(w, [String(n + 1)])
		} catch (e) {
			if (e.code !== "EAGAIN") throw e
		}
		return { counts: [n] }
	}

	async take(w, step, got) {
		const parts = await w.socket.receive()
		if (w.type === SERVER) parts.unshift(String(parts.pop().routingId))
		if (w.type === DISH) parts.unshift(parts.pop().group)
		const frames = parts.map(f => f.toString("latin1"))
		if (got.length === 0) step.keep?.forEach((keep, i) => { if (keep) this.kept[keep] = frames[i] })
		got.push(frames)
	}

	async recv(w, step) {
		const got = []
		for (const end = Date.now() + WAIT_LIMIT; got.length < step.count;) {
			this.pump()
			try {
				await this.take(w, step, got)
			} catch (e) {
				if (e.code !== "EAGAIN") return { got, err: errname(e) }
				if (Date.now() > end) return { got, err: "EAGAIN" }
				await this.settle()
			}
		}
		return { got }
	}

	async drain(w, step) {
		const got = []
		for (let attempts = 0; ;) {
			await this.settle()
			const before = got.length
			const e = await this.sweep(w, step, got)
			attempts = got.length === before ? attempts + 1 : 0
			if (e.code === "EFSM" && got.length > 0) return { got }
			if (e.code !== "EAGAIN") return { got, err: errname(e) }
			if (attempts === (this.closing.length > 0 ? 4 : 2)) {
				await this.settle()
				return { got }
			}
		}
	}

	async sweep(w, step, got) {
		for (;;) {
			try {
				await this.take(w, step, got)
			} catch (e) {
				return e
			}
		}
	}

	// event waits for the end of the next handshake.
	async event(w) {
		await this.until(() => w.outcomes.length > 0)
		return { got: [[w.outcomes.shift()]] }
	}

	// useZAP binds the ZAP handler for a scenario with a policy, or unbinds it.
	async useZAP(policy) {
		const endpoint = "inproc://zeromq.zap.01"
		if (this.policy) await this.zap.unbind(endpoint)
		this.policy = policy
		if (this.policy) await this.zap.bind(endpoint)
	}

	// answerZAP answers ZAP requests. A request from the last scenario may arrive in
	// this one.
	async answerZAP() {
		for await (const [sender, empty, version, number, , , , mechanism, ...credentials] of this.zap) {
			const status = this.policy?.status || (this.knows(String(mechanism), credentials) ? "200" : "400")
			await this.zap.send([sender, empty, version, number, status, "text", "", ""])
		}
	}

	knows(mechanism, credentials) {
		if (mechanism === "PLAIN") return this.policy?.users?.[String(credentials[0])] === String(credentials[1])
		return mechanism === "CURVE" && this.policy?.keys?.includes(z85(credentials[0]))
	}

	async pool(_, step) {
		const all = { got: [], counts: [] }
		for (const s of step.of) {
			const one = await this.drain(this.open.get(s), step)
			all.got.push(...one.got)
			all.counts.push(one.got.length)
		}
		return all
	}

	async step(step) {
		const handshakes = Object.entries(step.plan.handshakes ?? {}).map(([s, n]) => [s, this.open.get(s).handshakes + n])
		let outcome
		try {
			const w = this.open.get(step.socket)
			outcome = (w instanceof Stream ? await w[step.do](step) : await this[step.do](w, step)) ?? {}
			if (w instanceof Stream && step.do === "close") this.open.delete(step.socket)
		} catch (e) {
			if (!e.code) throw e
			outcome = { err: errname(e) }
		}
		for (const [s, n] of handshakes) await this.until(() => this.open.get(s).handshakes >= n)
		if (step.plan.settle) await this.settle()
		return outcome
	}

	async run(plan) {
		await this.ready
		this.kept = {}
		this.wired = plan.wired
		const trace = []
		try {
			await this.useZAP(plan.zap)
			for (const s of plan.sockets) {
				this.open.set(s.name, s.type === "TCP" ? new Stream(this) : new Watched(TYPES.indexOf(s.type), s.options))
			}
			for (const step of plan.steps) trace.push(await this.step(step))
			return { trace }
		} catch (e) {
			return { error: String(e.stack), trace }
		} finally {
			for (const w of this.open.values()) {
				w.socket?.set("linger", 0)
				;(w.socket ?? w).close()
			}
			this.open.clear()
			this.closing = []
		}
	}
}

const worker = new Worker(process.argv[3])
const input = createInterface({ input: process.stdin })
input.on("close", () => process.exit()) // even during a scenario, because its outcome has no reader
for await (const line of input) {
	process.stdout.write(JSON.stringify(await worker.run(JSON.parse(line))) + "\n")
}
