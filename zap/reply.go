package zap

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// The errors of [ParseReply] match one of these, [ErrVersion] or [ErrMetadata].
var (
	// ErrMalformedReply means that the number of frames is wrong.
	ErrMalformedReply = errors.New("malformed ZAP reply")

	// ErrRequestID means that the reply is to another request.
	ErrRequestID = errors.New("ZAP reply to another request")

	// ErrStatus means that the status code is not one of ZAP's.
	ErrStatus = errors.New("invalid status code in ZAP reply")
)

// Reply is the answer of a handler.
type Reply struct {
	// Status is the result. It has no default: a reply with an invalid Status,
	// such as "", is sent with [StatusInternalError].
	Status Status

	// Text explains Status to a person who reads a log. The peer does not get
	// it. Only the first 255 bytes are sent.
	Text string

	// UserID identifies the user to the application that asked, at most 255
	// bytes. It is only sent if Status is [StatusAccepted].
	UserID string

	// Metadata are properties of the user for the application that asked, which
	// gets them from zmq.PeerInfo.AuthProperty. It is only sent if Status is
	// [StatusAccepted]. A name has 1 to 255 letters,
	// digits, and characters of "-_.+", and its case is not significant. The
	// encoded properties have at most [MaxMetadata] bytes: each has the length
	// of its name and its value, and 5 bytes more.
	Metadata map[string]string
}

// The frames of a reply.
const (
	replyVersion = iota
	replyID
	replyStatus
	replyText
	replyUserID
	replyMetadata
	replyFrames // number of frames
)

// Reply returns the frames of the reply to r, as a REP sends them. A ROUTER must
// send the envelope of the request first. The properties in Metadata are sorted
// by name, so equal replies have equal frames.
//
// If Status is invalid, or if UserID or Metadata is invalid and would be sent,
// the frames contain StatusInternalError and a text that states the reason, so
// the peer is not accepted.
func (r Request) Reply(reply Reply) [][]byte {
	metadata, err := reply.encode()
	if err != nil {
		reply = Reply{Status: StatusInternalError, Text: err.Error()}
	}
	if reply.Status != StatusAccepted {
		reply.UserID = ""
	}
	return [][]byte{
		replyVersion:  []byte(Version),
		replyID:       []byte(r.ID),
		replyStatus:   []byte(reply.Status),
		replyText:     []byte(truncate(reply.Text)),
		replyUserID:   []byte(reply.UserID),
		replyMetadata: metadata,
	}
}

// encode checks the fields that are sent with this status and encodes the
// metadata. The specification requires UserID and Metadata to be empty if the
// peer is not accepted.
func (r Reply) encode() ([]byte, error) {
	if !r.Status.Valid() {
		return nil, fmt.Errorf("%w: %.20q", ErrStatus, r.Status)
	}
	if r.Status != StatusAccepted {
		return nil, nil
	}
	if n := len(r.UserID); n > maxString {
		return nil, fmt.Errorf("user ID of %d bytes in ZAP reply, at most %d are possible", n, maxString)
	}
	return encodeMetadata(r.Metadata)
}

// truncate returns the longest prefix of s that has at most maxString bytes and
// ends between two characters.
func truncate(s string) string {
	if len(s) <= maxString {
		return s
	}
	n := maxString
	for n > maxString-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// ParseReply decodes the reply to the request with this ID. The frames are those
// that a REQ receives. A DEALER receives an empty delimiter frame before them,
// which the caller must remove.
//
// The error matches [ErrMalformedReply], [ErrVersion], [ErrRequestID],
// [ErrStatus] or [ErrMetadata], which are checked in this order, and the Reply
// is empty. The caller must not accept the peer then. The lengths of Text and
// UserID are not limited, as in libzmq. All fields are copies.
func ParseReply(frames [][]byte, id string) (Reply, error) {
	if len(frames) != replyFrames {
		return Reply{}, fmt.Errorf("%w: %d frames, want %d", ErrMalformedReply, len(frames), replyFrames)
	}
	if v := frames[replyVersion]; string(v) != Version {
		return Reply{}, fmt.Errorf("%w %.20q, want %q", ErrVersion, v, Version)
	}
	if got := frames[replyID]; string(got) != id {
		return Reply{}, fmt.Errorf("%w: %.20q, want %.20q", ErrRequestID, got, id)
	}
	status := Status(frames[replyStatus])
	if !status.Valid() {
		return Reply{}, fmt.Errorf("%w: %.20q", ErrStatus, status)
	}
	metadata, err := decodeMetadata(frames[replyMetadata])
	if err != nil {
		return Reply{}, err
	}
	return Reply{
		Status:   status,
		Text:     string(frames[replyText]),
		UserID:   string(frames[replyUserID]),
		Metadata: metadata,
	}, nil
}
