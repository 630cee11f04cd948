package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// NodeModules returns the directory in which npm's zeromq is expected.
func NodeModules() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "zerobroker-zmq", "zeromq-6.8.0")
}

// NoNode returns the reason why npm's zeromq is unavailable, or an empty
// string.
var NoNode = sync.OnceValue(func() string {
	load := fmt.Sprintf("require('module').createRequire(%q)('zeromq')", NodeModules()+"/")
	out, err := exec.Command("node", "-e", load).CombinedOutput()
	if err == nil {
		return ""
	}
	text, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(fmt.Sprintf("npm's zeromq is not in %s (.ci/deps installs it): %v %s", NodeModules(), err, text))
})
