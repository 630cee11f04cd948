// Runs scenarios on the libzmq inside npm's zeromq, which is newer than that of
// worker.py and built with draft types. What goes in and out is the same, and
// so is how it settles: see there.
//
// The package is asked for its bare sockets, by number, so that types and
// options need no more than a line in the tables below. Calls that return a
// promise do at once what can be done at once, for both timeouts are 0; then
// they look at ZMQ_EVENTS, for which a SUB and a ROUTER take one message more
// from a pipe than was asked for.
//
//	node worker.mjs <folder of node_modules> <endpoint for its own use>

import { createRequire } from "node:module"
import { createInterface } from "node:readline"

const zmq = createRequire(process.argv[2] + "/")("zeromq")

const PATIENCE = 10_000
const LINGER = 2000

const TYPES = [
	"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM",
	"SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER", "DGRAM", "PEER", "CHANNEL",
]
const XSUB = TYPES.indexOf("XSUB")

// Options: how to set them, and their number.
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
}

const context = new zmq.Context()
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

// Watched is a socket, and what its monitor has told.
class Watched {
	constructor(type, options) {
		this.type = type
		this.socket = new Raw(type)
		const all = { linger: LINGER, reconnect_ivl: 10, rcvtimeo: 0, sndtimeo: 0, ...options }
		for (const option in all) this.socket.set(option, all[option])
		this.shakes = 0
		this.stopped = false
		this.watch(this.socket.events)
	}

	async watch(events) {
		try {
			for await (const event of events) {
				if (event.type === "handshake") this.shakes++
				if (event.type === "end") this.stopped = true
			}
		} catch {
		}
		this.stopped = true
	}

	// pump has the socket look at its mailbox and do nothing else.
	pump() {
		try {
			this.socket.disconnect("inproc://nobody")
		} catch {
		}
	}
}

class Worker {
	constructor(place) {
		this.open = new Map()
		this.closing = [] // closed in this scenario, and waiting for peers
		this.ping = new Raw(0)
		this.pong = new Raw(0)
		for (const s of [this.ping, this.pong]) {
			s.set("linger", 0)
			s.set("rcvtimeo", PATIENCE)
		}
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
		for (const end = Date.now() + PATIENCE; !done(); await turn()) {
			this.pump()
			if (Date.now() > end) throw new Error("nothing from the monitor")
		}
	}

	bind(w, step) {
		return w.socket.bind(step.at)
	}

	unbind(w, step) {
		return w.socket.unbind(step.at)
	}

	connect(w, step) {
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

	put(w, frames) {
		w.pump()
		return w.socket.send(frames.map(f => bytes(f.length > 1 && f[0] === "$" ? this.kept[f.slice(1)] : f)))
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
		const frames = (await w.socket.receive()).map(f => f.toString("latin1"))
		if (step.keep && got.length === 0) this.kept[step.keep] = frames[0]
		got.push(frames)
	}

	async recv(w, step) {
		const got = []
		for (const end = Date.now() + PATIENCE; got.length < step.count;) {
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
		for (let looks = 0; ;) {
			await this.settle()
			const before = got.length
			const e = await this.sweep(w, step, got)
			looks = got.length === before ? looks + 1 : 0
			if (e.code === "EFSM" && got.length > 0) return { got }
			if (e.code !== "EAGAIN") return { got, err: errname(e) }
			if (looks === (this.closing.length > 0 ? 4 : 2)) {
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
		const shakes = Object.entries(step.plan.shakes ?? {}).map(([s, n]) => [s, this.open.get(s).shakes + n])
		let outcome
		try {
			outcome = (await this[step.do](this.open.get(step.socket), step)) ?? {}
		} catch (e) {
			if (!e.code) throw e
			outcome = { err: errname(e) }
		}
		for (const [s, n] of shakes) await this.until(() => this.open.get(s).shakes >= n)
		if (step.plan.settle) await this.settle()
		return outcome
	}

	async run(plan) {
		await this.ready
		this.kept = {}
		this.wired = plan.wired
		const trace = []
		try {
			for (const s of plan.sockets) this.open.set(s.name, new Watched(TYPES.indexOf(s.type), s.options))
			for (const step of plan.steps) trace.push(await this.step(step))
			return { trace }
		} catch (e) {
			return { error: String(e.stack), trace }
		} finally {
			for (const w of this.open.values()) {
				w.socket.set("linger", 0)
				w.socket.close()
			}
			this.open.clear()
			this.closing = []
		}
	}
}

const worker = new Worker(process.argv[3])
for await (const line of createInterface({ input: process.stdin })) {
	process.stdout.write(JSON.stringify(await worker.run(JSON.parse(line))) + "\n")
}
process.exit()
