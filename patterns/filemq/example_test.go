package filemq_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/zerobroker/zmq/patterns/filemq"
)

// A server publishes a directory, and a client keeps a copy of it.
func Example() {
	root, err := os.MkdirTemp("", "root")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	inbox, err := os.MkdirTemp("", "inbox")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(inbox)
	if err := os.WriteFile(filepath.Join(root, "news.txt"), []byte("hello"), 0o644); err != nil {
		fmt.Println(err)
		return
	}

	server, err := filemq.NewServer(&filemq.ServerOptions{Root: root, ScanInterval: 50 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	endpoint, err := server.Bind("tcp://127.0.0.1:*")
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := filemq.NewClient(endpoint, &filemq.ClientOptions{Inbox: inbox})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	change, err := client.Recv(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	content, err := os.ReadFile(filepath.Join(inbox, change.Name))
	fmt.Println(change.Name, string(content), err)
	// Output: news.txt hello <nil>
}
