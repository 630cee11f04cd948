package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// securityFlags are the flags of every command whose connections can be
// authenticated or encrypted. Those that are strings are pointers, so that an
// empty value, such as that of an unset variable of the shell, is an error and
// not a connection without security.
type securityFlags struct {
	CurveServer *string  `group:"security" placeholder:"CERT" help:"Be a CURVE server with the key pair of this certificate (zmq curve keygen). Needs --curve-allow."`
	CurveAllow  []string `group:"security" sep:"none" placeholder:"WHO" help:"Accept these clients of a CURVE server: any, a directory of certificates, or one certificate. Repeatable."`

	CurveServerkey *string `group:"security" placeholder:"KEY" help:"Be a CURVE client of the server with this public key: its 40 characters of Z85, or its certificate."`
	CurveKey       *string `group:"security" placeholder:"CERT" help:"Key pair of a CURVE client. Default: a new one, which a server accepts only with --curve-allow any."`

	PlainServer       *string `group:"security" placeholder:"FILE" help:"Be a PLAIN server for the users in this file, with lines NAME=PASSWORD."`
	PlainUser         *string `group:"security" placeholder:"NAME" help:"Be a PLAIN client. The password is that of --plain-password-file or of the environment variable ZMQ_PLAIN_PASSWORD."`
	PlainPasswordFile *string `group:"security" placeholder:"FILE" help:"Read the password of --plain-user from this file."`

	ZAPDomain *string `name:"zap-domain" group:"security" placeholder:"DOMAIN" help:"Security domain in which a server authenticates its clients."`

	tlsFlags

	security    zmq.Security // set by secure
	noMechanism bool         // the command has no flags for mechanisms
}

// noSecurityFlags are those of a command that has none of these flags.
var noSecurityFlags = securityFlags{noMechanism: true}

// securityGroup is the group of these flags in the help.
var securityGroup = kong.Group{
	Key: "security", Title: "Security:",
	Description: "Which side is the server does not depend on which side binds. Secrets are never arguments.",
}

// limitSecurityFlags removes the flags that a command does not have, because its
// peers have no mechanisms.
func limitSecurityFlags(k *kong.Kong) error {
	for _, cmd := range k.Model.Children {
		switch cmd.Name {
		case "dgram":
			removeFlags(cmd, func(name string) bool { return true })
		case "stream":
			removeFlags(cmd, func(name string) bool { return !strings.HasPrefix(name, "tls-") })
		}
	}
	return nil
}

func removeFlags(cmd *kong.Node, remove func(name string) bool) {
	cmd.Flags = slices.DeleteFunc(cmd.Flags, func(f *kong.Flag) bool {
		return f.Group != nil && f.Group.Key == securityGroup.Key && remove(f.Name)
	})
}

// flagUse is the use of one flag in a command line.
type flagUse struct {
	name  string
	value *string // nil: not used
	needs string  // the flags of which one must be used too, separated by a space; empty: none
}

func (f *securityFlags) uses() []flagUse {
	allow := flagUse{name: "--curve-allow", needs: "--curve-server"}
	for i := range f.CurveAllow {
		if allow.value = &f.CurveAllow[i]; *allow.value == "" {
			break
		}
	}
	return append([]flagUse{
		{"--curve-server", f.CurveServer, ""},
		allow,
		{"--curve-serverkey", f.CurveServerkey, ""},
		{"--curve-key", f.CurveKey, "--curve-serverkey"},
		{"--plain-server", f.PlainServer, ""},
		{"--plain-user", f.PlainUser, ""},
		{"--plain-password-file", f.PlainPasswordFile, "--plain-user"},
		{"--zap-domain", f.ZAPDomain, "--curve-server --plain-server"},
	}, f.tlsFlags.uses()...)
}

// roles are the flags that choose a mechanism and a role.
var roles = []string{"--curve-server", "--curve-serverkey", "--plain-server", "--plain-user"}

// checkUses checks that no value is empty, that a flag is used only with those
// that it needs, and that at most one chooses the mechanism. It returns the flag
// that does, or an empty string.
func checkUses(uses []flagUse) (role string, err error) {
	used := func(name string) bool {
		return slices.ContainsFunc(uses, func(u flagUse) bool { return u.name == name && u.value != nil })
	}
	for _, u := range uses {
		switch {
		case u.value == nil:
			continue
		case *u.value == "":
			return "", usagef("%s: the value is empty", u.name)
		case slices.Contains(roles, u.name) && role != "":
			return "", usagef("%s and %s cannot be used together: a socket has one mechanism and one role", role, u.name)
		case slices.Contains(roles, u.name):
			role = u.name
		}
	}
	for _, u := range uses {
		if u.value != nil && u.needs != "" && !slices.ContainsFunc(strings.Fields(u.needs), used) {
			return "", usagef("%s needs %s", u.name, strings.ReplaceAll(u.needs, " ", " or "))
		}
	}
	return role, nil
}

// secure checks the flags, reads their files, and sets security.
func (f *securityFlags) secure(e *env, bind, connect []string) error {
	role, err := checkUses(f.uses())
	if err != nil {
		return err
	}
	s := &f.security
	if s.TLS, err = f.config(e, bind, connect); err != nil {
		return err
	}
	for _, ep := range slices.Concat(bind, connect) {
		if role != "" && isUDP(ep) {
			return usagef("%s does not apply to %s: udp has no security mechanism", role, ep)
		}
	}
	switch role {
	case "--curve-server":
		err = f.curveServer(e)
	case "--curve-serverkey":
		err = f.curveClient()
	case "--plain-server":
		s.Mechanism = zmq.PlainServer{}
		if s.Authenticator, err = allowUsers(*f.PlainServer); err != nil {
			err = flagError("--plain-server", err)
		}
	case "--plain-user":
		err = f.plainClient()
	}
	if f.ZAPDomain != nil {
		s.Domain = *f.ZAPDomain
	}
	return err
}

func (f *securityFlags) curveServer(e *env) error {
	if len(f.CurveAllow) == 0 {
		return usagef("--curve-server needs --curve-allow, which says which clients are accepted: any, a directory of certificates, or a certificate")
	}
	key, err := readKey(*f.CurveServer)
	if err != nil {
		return flagError("--curve-server", err)
	}
	allow, err := allowKeys(e, f.CurveAllow)
	if err != nil {
		return flagError("--curve-allow", err)
	}
	f.security.Mechanism, f.security.Authenticator = zmq.Curve{Server: true, Key: key}, allow
	return nil
}

func (f *securityFlags) curveClient() error {
	c := zmq.Curve{}
	var err error
	if c.ServerKey, err = publicKey(*f.CurveServerkey); err != nil {
		return flagError("--curve-serverkey", err)
	}
	if f.CurveKey != nil {
		if c.Key, err = readKey(*f.CurveKey); err != nil {
			return flagError("--curve-key", err)
		}
	}
	f.security.Mechanism = c
	return nil
}

// passwordVar is the environment variable with the password of --plain-user.
const passwordVar = "ZMQ_PLAIN_PASSWORD"

func (f *securityFlags) plainClient() (err error) {
	password := os.Getenv(passwordVar)
	if f.PlainPasswordFile != nil {
		if password, err = readPassword(*f.PlainPasswordFile); err != nil {
			return flagError("--plain-password-file", err)
		}
	}
	if password == "" {
		return usagef("--plain-user: no password: give its file with --plain-password-file, or set the environment variable %s", passwordVar)
	}
	f.security.Mechanism = zmq.Plain{Username: *f.PlainUser, Password: password}
	return nil
}

// readKey reads the key pair of a certificate. path is that of its public file
// or that of its secret file.
func readKey(path string) (curve.Key, error) {
	c, err := zcert.Read(path)
	switch {
	case err != nil:
		return curve.Key{}, err
	case c.Key.IsZero():
		return curve.Key{}, fmt.Errorf("%s has no secret key, and there is no %s", path, path+zcert.SecretSuffix)
	}
	if secret := path + zcert.SecretSuffix; exists(secret) {
		path = secret
	}
	return c.Key, checkPrivate(path)
}

// publicKey returns the key that text encodes, or that of the certificate at the
// path text. Errors do not contain a text that may be a secret key.
func publicKey(text string) (curve.PublicKey, error) {
	key, keyErr := curve.ParsePublicKey(text)
	if keyErr == nil {
		return key, nil
	}
	if (len(text) == 40 || len(text) == 64) && !exists(text) {
		return key, usageError{keyErr}
	}
	c, err := zcert.ReadPublic(text)
	return c.Public, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readPassword reads the only line of a file that other users cannot read.
func readPassword(path string) (string, error) {
	password, err := readSecretFile(path)
	if err != nil {
		return "", withPath(path, err)
	}
	return password, checkPrivate(path)
}

// permOthers are the permissions of other users.
const permOthers = 0o077

// checkPrivate returns an error for a file with a secret that other users can
// read or change. Pipes, as from <(...) of a shell, have no permissions of that
// kind, nor have files on Windows.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return err
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&permOthers != 0 {
		return fmt.Errorf("%s: other users can read or change it (mode %#o): use mode 0600", path, mode.Perm())
	}
	return nil
}

// flagError adds to an error the flag whose value caused it.
func flagError(flag string, err error) error { return fmt.Errorf("%s: %w", flag, err) }

// withPath adds the path of a file to an error that has none.
func withPath(path string, err error) error {
	if cause := pathCause(err); cause != err || strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// warnExposed warns about an endpoint that is bound on every address of the
// machine, if not every client is authenticated and its connection encrypted.
func (f *socketFlags) warnExposed(e *env, bound string) {
	tls := strings.HasPrefix(bound, "tls+")
	var lacks string
	switch f.security.Mechanism.(type) {
	case nil:
		switch {
		case tls && f.TLSCA != nil:
			return
		case tls:
			lacks = "authentication of clients"
		default:
			lacks = "authentication or encryption"
		}
	case zmq.Plain, zmq.PlainServer:
		if tls {
			return
		}
		lacks = "encryption, also of passwords"
	default:
		return
	}
	e.logf("warning: %s is open to every network of this machine, without %s%s", bound, lacks, f.adviceExposed(bound, tls))
}

// adviceExposed returns what can be done about an exposed endpoint.
func (f *socketFlags) adviceExposed(bound string, tls bool) string {
	var advice []string
	if !hostOf(bound).IsMulticast() { // it cannot be bound to 127.0.0.1
		advice = append(advice, "bind 127.0.0.1 to keep it local")
	}
	switch {
	case f.noMechanism || isUDP(bound):
	case tls:
		advice = append(advice, "give --tls-ca to require certificates of clients")
	default:
		advice = append(advice, "give --curve-server and --curve-allow to encrypt it and choose its clients")
	}
	if len(advice) == 0 {
		return ""
	}
	return "; " + strings.Join(advice, ", or ")
}
