package main

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
)

// doProxy measures the messages that pass a proxy process of the library. The
// sender and the receiver are peers of this library in all runs, so that the
// proxies alone differ.
func doProxy(kind string) func(context.Context, Library, Row) (Sample, error) {
	return func(ctx context.Context, lib Library, row Row) (Sample, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		proxy, err := start(ctx, lib, "proxy", kind)
		if err != nil {
			return Sample{}, err
		}
		recv, send, err := throughProxy(ctx, proxy, kind, lib, row)
		if err != nil {
			cancel()
		}
		proxy.stdin.Close() // ends the proxy
		o, end := proxy.wait()
		if err != nil {
			return Sample{}, errors.Join(err, end)
		}
		return throughput(recv, o, send), end
	}
}

func throughProxy(ctx context.Context, proxy *process, kind string, lib Library, row Row) (recv, send outcome, err error) {
	front, err := proxy.line()
	if err != nil {
		return recv, send, errors.New("the proxy printed no endpoint")
	}
	back, err := proxy.line()
	if err != nil {
		return recv, send, errors.New("the proxy printed one endpoint")
	}
	ends := Library{Name: "ours", path: orElse(lib.ends, filepath.Join(filepath.Dir(lib.path), "ours"))}
	size, count := strconv.Itoa(row.Size), strconv.Itoa(row.Count)
	receiver, err := start(ctx, ends, "proxy_recv", kind, back, size, count)
	if err != nil {
		return recv, send, err
	}
	sender, err := start(ctx, ends, "proxy_send", kind, front, size, count)
	if err != nil {
		return recv, send, err
	}
	recv, errRecv := receiver.measured()
	send, errSend := sender.measured()
	return recv, send, errors.Join(errRecv, errSend)
}
