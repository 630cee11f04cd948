package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/zerobroker/zmq/internal/slots"
)

// Users has the usernames and passwords of PLAIN. Package fmt does not print them,
// except of a Users in an unexported field of another struct, as described at
// [zmq.Plain]. Its methods may be called concurrently.
type Users struct {
	byName map[string]user
	secret [32]byte     // key of the sums
	slow   []byte       // the hash that takes the longest to compare; nil if there is none
	slots  *slots.Slots // of comparisons of hashes
}

// user has one of the two forms of a password.
type user struct {
	sum  []byte // HMAC of the password with the secret
	hash []byte // bcrypt hash of the password
}

// Limits of a line of a users file.
const (
	maxString = 255 // of names and passwords: those of PLAIN
	maxBcrypt = 72  // bytes of a password that bcrypt uses
	maxCost   = 16  // of bcrypt, several seconds
	maxFile   = 64 << 20
	permRead  = 0o044 // permissions of other users to read
	permWrite = 0o022 // and to write
)

// ReadUsers reads a file of usernames and passwords. Each line has one of these
// forms. The first one is that of CZMQ's zauth, the second one that of
// "htpasswd -nB NAME", with a bcrypt hash:
//
//	name=password
//	name:$2y$10$PGj...
//	# comment
//
// A password consists of all characters between "=" and the end of the line, which
// is LF or CRLF. It may not be empty, or begin as the hashes of crypt(3) do, such as
// $6$: with "=" the hash itself would be the password. A name may occur once. Empty
// lines are ignored. Argon2 is not supported, because each check would need as much
// memory as the hash requires, for any client.
//
// The file is read once. After a change read it again, and pass a [Policy] with the
// new Users to [zmq.Socket.SetSecurity].
//
// An error in a line has the form "path:line: text", and contains no password. It
// is also an error if other users can write to the file, or can read it although
// a password in it is not hashed. Windows has no such permissions.
func ReadUsers(path string) (*Users, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s: longer than %d bytes", path, maxFile)
	}
	u := &Users{byName: make(map[string]user), slots: slots.New(max(1, runtime.GOMAXPROCS(0)/2))}
	rand.Read(u.secret[:])
	line, err := u.parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, line, err)
	}
	if err := u.checkMode(path, info.Mode()); err != nil {
		return nil, err
	}
	return u, nil
}

// checkMode returns an error for a file that other users can change, or that
// shows them a password.
func (u *Users) checkMode(path string, mode fs.FileMode) error {
	for _, e := range u.byName {
		if e.sum != nil && mode&permRead != 0 && runtime.GOOS != "windows" {
			return fmt.Errorf("%s: other users can read its passwords (mode %#o): use mode 0600, or hash all passwords", path, mode.Perm())
		}
	}
	return checkWritable(path, mode)
}

// checkWritable returns an error for a file or directory that other users can
// change.
func checkWritable(path string, mode fs.FileMode) error {
	if mode&permWrite == 0 || runtime.GOOS == "windows" {
		return nil
	}
	return fmt.Errorf("%s: other users can write to it (mode %#o): use chmod go-w", path, mode.Perm())
}

// parse parses the text of a file. It returns the line of an error.
func (u *Users) parse(text string) (line int, err error) {
	lines := map[string]int{}
	slowest := 0
	for s := range strings.Lines(text) {
		line++
		s = strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
		if strings.TrimSpace(s) == "" || s[0] == '#' {
			continue
		}
		name, e, cost, err := u.parseLine(s)
		if err != nil {
			return line, err
		}
		if first := lines[name]; first > 0 {
			return line, fmt.Errorf("second password of user %q; the first one is in line %d", name, first)
		}
		lines[name], u.byName[name] = line, e
		if e.hash != nil && cost > slowest {
			slowest, u.slow = cost, e.hash
		}
	}
	return 0, nil
}

// parseLine parses one line that is not empty. No error has the password.
func (u *Users) parseLine(s string) (name string, e user, cost int, err error) {
	i := strings.IndexByte(s, '=')
	hashed := strings.Index(s, ":$")
	if i < 0 && hashed < 0 {
		return "", e, 0, errors.New("neither name=password nor name:$hash")
	}
	isHash := hashed >= 0 && (i < 0 || hashed < i)
	if isHash {
		i = hashed
	}
	name, secret := s[:i], s[i+1:]
	switch {
	case name == "":
		return "", e, 0, errors.New("no username")
	case strings.TrimSpace(name) != name:
		return "", e, 0, fmt.Errorf("white space around the username %.64q", name)
	case len(name) > maxString:
		return "", e, 0, fmt.Errorf("username of %d bytes, at most %d are possible", len(name), maxString)
	case secret == "":
		return "", e, 0, fmt.Errorf("empty password of user %q", name)
	case !isHash && len(secret) > maxString:
		return "", e, 0, fmt.Errorf("password of %d bytes, at most %d are possible", len(secret), maxString)
	case !isHash && looksHashed(secret):
		return "", e, 0, fmt.Errorf("password of user %q has the form of a hash, which follows a colon and not %q", name, "=")
	case !isHash:
		e.sum = u.sum(secret)
		return name, e, 0, nil
	case !strings.HasPrefix(secret, "$2"):
		return "", e, 0, fmt.Errorf("hash of user %q is not a bcrypt hash, which begins with $2", name)
	}
	e.hash = []byte(secret)
	if cost, err = checkHash(e.hash); err != nil {
		return "", e, 0, fmt.Errorf("hash of user %q: %w", name, err)
	}
	return name, e, cost, nil
}

// hashForms are the names with which hashes begin, between two "$".
var hashForms = []string{"1", "2", "2a", "2b", "2x", "2y", "5", "6", "7", "y", "gy", "apr1", "argon2d", "argon2i", "argon2id"}

// looksHashed reports whether a password begins as a hash does.
func looksHashed(s string) bool {
	after, dollar := strings.CutPrefix(s, "$")
	form, _, complete := strings.Cut(after, "$")
	return dollar && complete && slices.Contains(hashForms, form)
}

// hashLen is the length of every bcrypt hash.
const hashLen = 60

// hashAlphabet are the characters of salts and hashes of bcrypt.
const hashAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// checkHash checks a bcrypt hash and returns its cost. A hash with another
// character would be an error at each comparison.
func checkHash(hash []byte) (cost int, err error) {
	if len(hash) != hashLen {
		return 0, fmt.Errorf("bcrypt hash of %d characters, want %d", len(hash), hashLen)
	}
	cost, err = bcrypt.Cost(hash)
	switch {
	case err != nil:
		return 0, errors.New("malformed bcrypt hash")
	case cost > maxCost:
		return 0, fmt.Errorf("bcrypt cost of %d, at most %d is possible", cost, maxCost)
	case bytes.ContainsFunc(hash[len("$2y$10$"):], func(c rune) bool { return !strings.ContainsRune(hashAlphabet, c) }):
		return 0, errors.New("malformed bcrypt hash")
	}
	return cost, nil
}

// sum returns a value that only the same password has. Its length says nothing
// of that of the password.
func (u *Users) sum(password string) []byte {
	h := hmac.New(sha256.New, u.secret[:])
	io.WriteString(h, password)
	return h.Sum(nil)
}

// Check reports whether the password is that of the user. The time that it takes
// does not depend on the password. If one password is hashed, a check of an
// unknown user, and of one whose password is not hashed, takes as long as the most
// expensive hash. So give all hashes the same cost. Hashes are compared in as many
// calls at a time as half of the processors, the others wait. The error is that
// of ctx.
//
// An increment of the cost doubles the time of a comparison, also for a client that has
// no valid password. Choose a cost with which these processors can compare the passwords
// of all clients that connect at the same time, for example after a restart, within
// [zmq.Limits.HandshakeTimeout]. With [Policy.Authenticate] the addresses of clients get
// their turns one after the other, so that many wrong passwords from one address do not
// delay the users elsewhere.
func (u *Users) Check(ctx context.Context, name, password string) (bool, error) {
	return u.check(ctx, "", name, password)
}

// check is Check for a client from that source.
func (u *Users) check(ctx context.Context, source, name, password string) (bool, error) {
	e := u.byName[name]
	sum := e.sum
	if sum == nil {
		sum = make([]byte, sha256.Size)
	}
	equal := subtle.ConstantTimeCompare(u.sum(password), sum) == 1
	if u.slow == nil {
		return equal && e.sum != nil, nil
	}
	hash := e.hash
	if hash == nil {
		hash = u.slow
	}
	if err := u.slots.Acquire(ctx, source); err != nil {
		return false, err
	}
	defer u.slots.Release(source)
	// bcrypt ignores the bytes of a password after the 72nd.
	matches := bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && len(password) <= maxBcrypt
	return e.hash != nil && matches || e.sum != nil && equal, nil
}

// Len returns the number of users.
func (u *Users) Len() int { return len(u.byName) }

// Format writes the number of users for every verb.
func (u Users) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%d users", len(u.byName)) }
