package session

// A REQ withdraws the request of a call whose context has ended, unless its write
// has begun. So the flusher of a Lockstep socket begins to write several messages
// at once only if the connection takes them without blocking. While a write blocks,
// one message has begun, and the socket may withdraw the others of the batch
// (pipe.Queue.Lend).

// writeWithdrawable is like writeDirect for the messages of a Lockstep socket.
func (c *conn) writeWithdrawable(w *writer) error {
	c.skipWritten(w)
	for w.batch.Msgs > 0 {
		if c.rd.Descriptor() != nil && w.wrote == 0 {
			_, size := w.gather(w.batch.Segs)
			w.wrote = w.try.TryWrite(c.rd.Descriptor(), w.bufs)
			blocks := w.wrote < size
			if c.skipWritten(w); !blocks {
				continue
			}
		}
		if err := c.writeFirst(w); err != nil {
			return err
		}
	}
	w.batch.Recycle()
	return nil
}

// skipWritten acknowledges the messages of the batch that are written whole, and
// removes them.
func (c *conn) skipWritten(w *writer) {
	tally := w.batch.Tally()
	msgs, end := tally.Advance(w.wrote)
	c.noteWritten(w, msgs, end)
	w.batch.Skip(end, msgs)
	w.wrote -= end
}

// writeFirst writes what is not written of the first message of the batch.
func (c *conn) writeFirst(w *writer) error {
	w.bufs = w.bufs[:0]
	from, to := w.wrote, w.batch.FirstSize() // within the following segments
	for _, s := range w.batch.Segs {
		n := len(s.B)
		if from < min(n, to) {
			w.bufs = append(w.bufs, s.B[max(from, 0):min(n, to)])
		}
		if from, to = from-n, to-n; to <= 0 {
			break
		}
	}
	n, err := c.writeLent(w, 1)
	w.wrote += n
	if err != nil {
		return c.failBatch(w, w.wrote, err)
	}
	c.skipWritten(w)
	return nil
}

// writeLent writes w.bufs, which are part of the first begun messages of the
// batch. Meanwhile a Lockstep socket may withdraw the other messages of the batch.
func (c *conn) writeLent(w *writer, begun int) (int, error) {
	if c.cfg.Lockstep {
		c.pipe.Out.Lend(&w.batch, begun)
		defer c.pipe.Out.Reclaim()
	}
	return c.writeBufs(w)
}
