package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// jsonLines is the codec of --json: {"frames":["<base64>", ...]}. Depending on
// the layout, "id":"<hex>", "number":N, "group":"<text>" or "addr":"<address>"
// comes before the frames. "event":"<event>" replaces the frames when a peer
// has connected or disconnected. It keeps every byte.
type jsonLines struct{ layout }

func (c jsonLines) encode(line []byte, r *record) []byte {
	line = c.encodeName(append(line, '{'), r)
	if r.event != "" {
		return append(append(append(line, `"event":"`...), r.event...), `"}`...)
	}
	line = append(line, `"frames":[`...)
	for i, f := range r.frames {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(line, '"')
		line = base64.StdEncoding.AppendEncode(line, f)
		line = append(line, '"')
	}
	return append(line, `]}`...)
}

func (c jsonLines) encodeName(line []byte, r *record) []byte {
	if c.name == noName {
		return line
	}
	line = append(append(append(line, '"'), c.name.key()...), `":`...)
	switch c.name {
	case byID:
		line = append(hex.AppendEncode(append(line, '"'), []byte(r.id)), '"')
	case byNumber:
		line = strconv.AppendUint(line, uint64(r.number), 10)
	case byGroup:
		group, _ := json.Marshal(r.group) // cannot fail for a string
		line = append(line, group...)
	case byAddress:
		addr, _ := json.Marshal(r.addr) // its zone may be any text
		line = append(line, addr...)
	}
	return append(line, ',')
}

// jsonMessage is a line to decode.
type jsonMessage struct {
	ID     *string      `json:"id"`
	Number *json.Number `json:"number"`
	Group  *string      `json:"group"`
	Addr   *string      `json:"addr"`
	Frames []*string    `json:"frames"`
}

func (c jsonLines) decode(line []byte, r *record) error {
	r.reset()
	var v jsonMessage
	if err := json.Unmarshal(line, &v); err != nil {
		return fmt.Errorf(`not a line of JSON like {"frames":["aGVsbG8="]}: %w`, err)
	}
	if err := c.decodeFrames(v.Frames, r); err != nil {
		return err
	}
	if c.name == noName || c.need == absent {
		r.group = c.group
		return nil
	}
	return c.decodeName(line, &v, r)
}

func (c jsonLines) decodeFrames(list []*string, r *record) error {
	if len(list) == 0 {
		return errors.New(`"frames" must have at least one frame`)
	}
	for i, s := range list {
		if s == nil {
			return fmt.Errorf("frame %d is null", i+1)
		}
		f, err := base64.StdEncoding.AppendDecode(nil, []byte(*s))
		if err != nil {
			return fmt.Errorf("frame %d: %w", i+1, err)
		}
		r.frames = append(r.frames, f)
	}
	if c.single && len(r.frames) > 1 {
		return errors.New(`"frames" must have only one frame for this socket type`)
	}
	return nil
}

func (c jsonLines) decodeName(line []byte, v *jsonMessage, r *record) error {
	ok := false
	switch {
	case c.name == byID && v.ID != nil:
		ok = r.setID(*v.ID)
	case c.name == byNumber && v.Number != nil:
		ok = r.setNumber(v.Number.String())
	case c.name == byAddress && v.Addr != nil:
		ok = r.setAddress(*v.Addr)
	case c.name == byGroup && v.Group != nil:
		if !utf8.Valid(line) { // the decoder has replaced bytes of the group
			return errors.New("not UTF-8, which JSON requires")
		}
		return r.setGroup(*v.Group)
	case c.need == optional:
		return nil
	}
	if !ok {
		return fmt.Errorf("%q must be %s", c.name.key(), c.name.receiver())
	}
	return nil
}

// blank reports whether a line is empty or only white space. --json skips it.
func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }
