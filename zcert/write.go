package zcert

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/internal/zpl"
)

// Permissions of the files. The umask of the process may remove some.
const (
	publicPerm fs.FileMode = 0o644
	secretPerm fs.FileMode = 0o600
	permOthers fs.FileMode = 0o077 // of a secret file, an error
)

// The comments at the start of the files.
const (
	publicComment = `#   CURVE public certificate of ZeroMQ.
#   Every peer may read it. A peer that receives it must be able to verify the
#   sender, because it is not signed.

`
	secretComment = `#   CURVE SECRET certificate of ZeroMQ.
#   Keep this file on this machine, readable only by its owner. Give peers the
#   file without "_secret" in its name.

`
)

// Write writes the public key and the metadata to the file path, with mode 0644.
// If the Key of c is set, it first writes both keys and the metadata to
// path_secret, with mode 0600. (The umask may remove permissions. On Windows the
// files have the permissions of the directory.) If the Key is zero, an existing
// path_secret stays as it is; [Read] fails if its key is another one.
//
// Write replaces existing files. Each file is written under another name in the
// same directory, starting with a dot, synchronized to the disk and renamed. So
// readers see the old file or the whole new one, also after a crash, and no
// other user can read the secret at any time, whatever the permissions of an
// existing file. A symbolic link at the path is replaced, not followed.
//
// The error says which part of c a certificate cannot hold, and then no file has
// changed, or it is the error of the system. If that concerns the second file,
// the first one has been replaced.
func (c Certificate) Write(path string) error {
	public, secret, err := c.encode()
	if err != nil {
		return fmt.Errorf("zcert: write %s: %w", path, err)
	}
	if secret != nil {
		if err := replaceFile(path+SecretSuffix, secret, secretPerm); err != nil {
			return err
		}
	}
	return replaceFile(path, public, publicPerm)
}

// encode returns the contents of the two files; secret is nil if c has no secret
// key. It refuses what Read would refuse.
func (c Certificate) encode() (public, secret []byte, err error) {
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	if public, err = c.encodeFile(publicComment, false); err != nil || c.Key.IsZero() {
		return public, nil, err
	}
	secret, err = c.encodeFile(secretComment, true)
	return public, secret, err
}

// public returns the public key of c, also if only Key is set.
func (c Certificate) public() curve.PublicKey {
	if c.Key.IsZero() {
		return c.Public
	}
	return c.Key.Public()
}

// check checks the keys, and that names are unique.
func (c Certificate) check() error {
	if c.public().IsZero() {
		return errors.New("the certificate has no key")
	}
	if !c.Public.IsZero() && c.Public != c.public() {
		return fmt.Errorf("the public key %v does not belong to the %v", c.Public, c.Key)
	}
	if _, err := curve.NewPublicKey(c.public()); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, p := range c.Metadata {
		if seen[p.Name] {
			return fmt.Errorf("the metadata has two properties with the name %q", p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}

// encodeFile returns the content of one file, with the secret key if withSecret
// is set.
func (c Certificate) encodeFile(comment string, withSecret bool) ([]byte, error) {
	metadata := &zpl.Property{Name: sectionMetadata}
	for _, p := range c.Metadata {
		// Append would report the error without the name.
		q := &zpl.Property{Name: p.Name, Value: p.Value}
		if _, err := zpl.Append(nil, []*zpl.Property{q}); err != nil {
			return nil, fmt.Errorf("metadata %q: %w", p.Name, err)
		}
		metadata.Children = append(metadata.Children, q)
	}
	keys := &zpl.Property{Name: sectionCurve, Children: []*zpl.Property{
		{Name: namePublic, Value: c.public().String()},
	}}
	if withSecret {
		keys.Children = append(keys.Children, &zpl.Property{Name: nameSecret, Value: c.Key.SecretZ85()})
	}
	text, err := zpl.Append([]byte(comment), []*zpl.Property{metadata, keys})
	if err != nil {
		return nil, err
	}
	if len(text) > zpl.MaxSize {
		return nil, fmt.Errorf("too much metadata: the file would have %d bytes, %d at most", len(text), zpl.MaxSize)
	}
	return text, nil
}

// replaceFile replaces the file at path, or creates it, atomically.
func replaceFile(path string, data []byte, perm fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	// CZMQ's zcertstore, which reads all files of a directory, skips names with
	// a dot.
	temp := filepath.Join(dir, ".zcert-"+rand.Text())
	// O_EXCL: the file is new, and so has no other permissions or owner.
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		failed.Path = path // not the temporary name
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(temp)
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	syncDir(dir)
	return nil
}

// syncDir makes the new name of a file permanent. It ignores errors, because not
// every system can synchronize a directory, and the file is in place anyway.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
