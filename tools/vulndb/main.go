// Command vulndb checks whether a vulnerability database of Go can be read, so
// that .ci/vuln can skip govulncheck without a network. Its argument is the URL,
// https://vuln.go.dev or file:///directory. If the database does not answer within
// 5 s, it prints why and exits with status 1.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// limit is how long the database may take to answer.
const limit = 5 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: vulndb URL")
		os.Exit(2)
	}
	if err := check(os.Args[1], limit); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// check reads the smallest file that every database has.
// https://go.dev/doc/security/vuln/database#api
func check(db string, limit time.Duration) error {
	u, err := url.Parse(db)
	if err != nil {
		return err
	}
	const file = "index/db.json"
	if u.Scheme == "file" {
		_, err := os.Stat(filepath.Join(filepath.FromSlash(u.Path), file))
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath(file).String(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", request.URL, response.Status)
		}
		_, err = io.Copy(io.Discard, response.Body)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s does not answer within %v", request.URL, limit)
	}
	return err
}
