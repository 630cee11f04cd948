package main

// programs is the table of programs, in the order of the Guide.
var programs = []program{
	{"hwserver", 1, "REQ-REP: a server", hwserver},
	{"hwclient", 1, "REQ-REP: a client", hwclient},
	{"version", 1, "the version of the library", version},
	{"wuserver", 1, "PUB-SUB: a weather server", wuserver},
	{"wuclient", 1, "PUB-SUB: a subscriber of one zip code", wuclient},
	{"taskvent", 1, "PUSH-PULL: a ventilator of tasks", taskvent},
	{"taskwork", 1, "PUSH-PULL: a worker", taskwork},
	{"tasksink", 1, "PUSH-PULL: a sink for results", tasksink},
	{"msreader", 2, "several sockets: calls that do not wait", msreader},
	{"mspoller", 2, "several sockets: a select statement", mspoller},
	{"rrclient", 2, "a broker of requests: the client", rrclient},
	{"rrworker", 2, "a broker of requests: the worker", rrworker},
	{"rrbroker", 2, "a broker of requests by hand", rrbroker},
	{"msgqueue", 2, "a broker of requests with a proxy", msgqueue},
	{"wuproxy", 2, "a proxy for subscribers in another network", wuproxy},
	{"taskwork2", 2, "a worker that ends with a kill signal", taskwork2},
	{"tasksink2", 2, "a sink that sends a kill signal", tasksink2},
	{"interrupt", 2, "a clean end after a signal", interrupt},
	{"mtserver", 2, "a server with several workers", mtserver},
	{"mtrelay", 2, "signals between goroutines", mtrelay},
	{"syncpub", 2, "a publisher that waits for its subscribers", syncpub},
	{"syncsub", 2, "a subscriber that reports that it is ready", syncsub},
	{"psenvpub", 2, "PUB-SUB envelopes: the publisher", psenvpub},
	{"psenvsub", 2, "PUB-SUB envelopes: the subscriber", psenvsub},
}
