package curve_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/curve"
)

// secretForms returns texts of which one occurs in any text that has a
// considerable part of the secret of k: pieces of the secret as bytes, digits,
// Z85 and base 64.
func secretForms(k curve.Key) (forms []string) {
	secret := k.Secret()
	for i := 0; i+4 <= len(secret); i += 7 {
		part := secret[i : i+4]
		forms = append(forms, string(part))
		for _, verb := range []string{"%x", "%X", "% x", "% X"} {
			forms = append(forms, fmt.Sprintf(verb, part))
		}
		// Package fmt prints the elements of arrays between spaces.
		for _, verb := range []string{"%d", "%b", "%o", "%O", "%c", "%q", "%U", "%#x", "%#U"} {
			forms = append(forms, strings.Trim(fmt.Sprintf(verb, []rune{
				rune(part[0]), rune(part[1]), rune(part[2]), rune(part[3]),
			}), "[]"))
		}
		forms = append(forms, strings.Trim(strings.TrimPrefix(fmt.Sprintf("%#v", part), "[]byte"), "{}"))
	}
	base := base64.RawStdEncoding.EncodeToString(secret[:])
	for _, text := range []string{k.SecretZ85(), base} {
		for i := 0; i+5 <= len(text); i++ {
			forms = append(forms, text[i:i+5])
		}
	}
	return forms
}

// contains returns the first of the forms that occurs in text, or an empty
// string.
func contains(text string, forms []string) string {
	for _, form := range forms {
		if strings.Contains(text, form) {
			return form
		}
	}
	return ""
}

// formats are all verbs, with and without flags.
func formats() (list []string) {
	for verb := rune('!'); verb <= '~'; verb++ {
		if strings.ContainsRune("%*.+-# 0123456789[]", verb) {
			continue // flags and numbers
		}
		for _, flags := range []string{"", "+", "#", " ", "0", ".3", "-60.40"} {
			list = append(list, "%"+flags+string(verb))
		}
	}
	return list
}

func TestSecretIsFoundInTextThatHasIt(t *testing.T) {
	k := parseKey(t, server.secret)
	forms := secretForms(k)
	secret := k.Secret()
	for _, format := range []string{"%v", "%+v", "%#v", "%x", "%X", "% x", "%s", "%d", "%b", "%o", "%#x", "%c", "%U"} {
		if contains(fmt.Sprintf(format, secret), forms) == "" {
			t.Errorf("%s of the bytes: not found", format)
		}
	}
	for _, text := range []string{k.SecretZ85(), k.SecretZ85()[17:23], base64.StdEncoding.EncodeToString(secret[:])} {
		if contains(text, forms) == "" {
			t.Errorf("%q: not found", text)
		}
	}
	for _, text := range []string{"", k.Public().String(), k.Public().Hex(), "0xc000123456"} {
		if form := contains(text, forms); form != "" {
			t.Errorf("%q: found %q", text, form)
		}
	}
}

// The structs are those that a program may pass to a log: with a Key in an
// exported field, in an unexported one, embedded, and behind pointers.
type (
	exported   struct{ Key curve.Key }
	unexported struct{ key curve.Key }
	pointers   struct {
		Key *curve.Key
		key *curve.Key
	}
	embedded struct {
		curve.Key
		Name string
	}
	nested struct {
		inner any
		list  []unexported
		table map[string]curve.Key
		array [2]curve.Key
		next  *nested
	}
)

func values(k curve.Key) map[string]any {
	return map[string]any{
		"Key":               k,
		"*Key":              &k,
		"exported field":    exported{k},
		"*exported field":   &exported{k},
		"unexported field":  unexported{k},
		"*unexported field": &unexported{k},
		"pointers":          pointers{&k, &k},
		"embedded":          embedded{k, "name"},
		"*embedded":         &embedded{k, "name"},
		"slice":             []curve.Key{k},
		"map":               map[string]curve.Key{"k": k},
		"nested": nested{
			inner: unexported{k}, list: []unexported{{k}}, table: map[string]curve.Key{"k": k},
			array: [2]curve.Key{k, k}, next: &nested{inner: k},
		},
		"error": fmt.Errorf("key %v: %w", k, errors.New("refused")),
	}
}

func TestNoVerbPrintsTheSecret(t *testing.T) {
	k := parseKey(t, server.secret)
	forms := secretForms(k)
	for name, value := range values(k) {
		// The last formats are mistakes: no verb, a value as the width.
		for _, format := range append(formats(), "", "%", "%*d", "%[2]v") {
			if text := fmt.Sprintf(format, value); contains(text, forms) != "" {
				t.Errorf("%q of %s prints %s", format, name, text)
			}
		}
		for _, text := range []string{fmt.Sprint(value), fmt.Sprintln(value)} {
			if contains(text, forms) != "" {
				t.Errorf("%s prints %s", name, text)
			}
		}
	}
}

func TestEveryVerbPrintsThePublicKey(t *testing.T) {
	k := parseKey(t, server.secret)
	const want = "secret key of rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
	if k.String() != want || k.GoString() != want {
		t.Errorf("String %q, GoString %q", k.String(), k.GoString())
	}
	for _, format := range formats() {
		switch format[len(format)-1] {
		case 'T', 'p', 'w': // package fmt does not call Format for these
			continue
		}
		if text := fmt.Sprintf(format, k); text != want {
			t.Errorf("%s prints %s", format, text)
		}
	}
	if text := fmt.Sprintf("%+v", exported{k}); text != "{Key:"+want+"}" {
		t.Errorf("an exported field prints as %s", text)
	}
}

func TestLogHasNoSecret(t *testing.T) {
	k := parseKey(t, server.secret)
	forms := secretForms(k)
	var log bytes.Buffer
	for handler, l := range map[string]*slog.Logger{
		"text": slog.New(slog.NewTextHandler(&log, nil)),
		"json": slog.New(slog.NewJSONHandler(&log, nil)),
	} {
		for name, value := range values(k) {
			log.Reset()
			l.Info("message", "value", value, slog.Group("group", "value", value))
			l.With("value", value).Info("message")
			if log.Len() == 0 || contains(log.String(), forms) != "" {
				t.Errorf("%s handler: %s is logged as %s", handler, name, &log)
			}
		}
		log.Reset()
		l.Info("message", "key", k)
		if !strings.Contains(log.String(), "secret key of rq:rM") {
			t.Errorf("%s handler: a key is logged as %s", handler, &log)
		}
	}
}

func TestEncodersFailInsteadOfWritingTheSecret(t *testing.T) {
	k := parseKey(t, server.secret)
	forms := secretForms(k)
	encoders := map[string]func(v any) ([]byte, error){
		"json": json.Marshal,
		"xml":  xml.Marshal,
		"gob": func(v any) ([]byte, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return b.Bytes(), err
		},
		"text": func(v any) ([]byte, error) {
			if m, ok := v.(interface{ MarshalText() ([]byte, error) }); ok {
				return m.MarshalText()
			}
			return nil, errors.New("no MarshalText")
		},
	}
	for name, encode := range encoders {
		for _, v := range []any{k, &k, exported{k}, &exported{k}, []curve.Key{k}} {
			b, err := encode(v)
			if err == nil {
				t.Errorf("%s: %T is encoded as %q", name, v, b)
			}
			if text := fmt.Sprint(string(b), err); contains(text, forms) != "" {
				t.Errorf("%s: %T: %s", name, v, text)
			}
		}
	}
	if _, err := json.Marshal(k); err == nil || !strings.Contains(err.Error(), "SecretZ85") {
		t.Errorf("the error of json.Marshal does not say what to do: %v", err)
	}
}

func TestTemplatePrintsThePublicKey(t *testing.T) {
	k := parseKey(t, server.secret)
	forms := secretForms(k)
	var b strings.Builder
	if err := template.Must(template.New("").Parse("{{.}} {{.Key}} {{printf `%#v` .}}")).Execute(&b, exported{k}); err != nil {
		t.Fatal(err)
	}
	if contains(b.String(), forms) != "" || !strings.Contains(b.String(), "secret key of rq:rM") {
		t.Errorf("%s", b.String())
	}
}

func TestPanicValueHasNoSecret(t *testing.T) {
	k := parseKey(t, server.secret)
	defer func() {
		// The runtime prints the String method of a Stringer.
		if s, ok := recover().(fmt.Stringer); !ok || contains(s.String(), secretForms(k)) != "" {
			t.Error("a Key is no Stringer, or prints its secret")
		}
	}()
	panic(k)
}
