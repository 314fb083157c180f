package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"              //nolint:depguard // this package is its adapter
	js "github.com/nats-io/nats.go/jetstream" //nolint:depguard // this package is its adapter

	"yuzhou/kernel/fault"
)

// stream returns the stream of the feed; the origin makes it when it is not there.
func (b *Bus) stream(ctx context.Context) (js.Stream, error) {
	if !b.Origin {
		s, err := b.js.Stream(ctx, streamName(b.Name))
		return s, busy(err)
	}
	s, err := b.js.CreateOrUpdateStream(ctx, js.StreamConfig{
		Name: streamName(b.Name), Subjects: []string{subject(b.Name)}, MaxBytes: b.Bytes, Discard: js.DiscardOld, Storage: js.FileStorage,
	})
	return s, busy(err)
}

// busy is an error of the line.
func busy(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &fault.Fault{Kind: fault.Busy, Text: "the feed of identifiers cannot be reached", Err: err}
}

// Last implements changefeed.Log.
func (b *Bus) Last(ctx context.Context) ([]byte, error) {
	s, err := b.stream(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.GetLastMsgForSubject(ctx, subject(b.Name))
	if errors.Is(err, js.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, busy(err)
	}
	return m.Data, nil
}

// Append implements changefeed.Log.
func (b *Bus) Append(ctx context.Context, message []byte) error {
	_, err := b.js.Publish(ctx, subject(b.Name), message)
	return busy(err)
}

// Clear implements changefeed.Log.
func (b *Bus) Clear(ctx context.Context) error {
	s, err := b.stream(ctx)
	if err != nil {
		return err
	}
	return busy(s.Purge(ctx))
}

// answering is how many requests are answered at once.
const answering = 4

// Answer implements changefeed.Log.
func (b *Bus) Answer(ctx context.Context, answer func(request []byte) []byte) error {
	requests := make(chan *nats.Msg, 256)
	sub, err := b.conn.ChanSubscribe(asked(b.Name), requests)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	for range answering {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				select {
				case <-ctx.Done():
					return
				case m := <-requests:
					_ = m.Respond(answer(m.Data)) // who asked and is not there asks again
				}
			}
		}()
	}
	for range answering {
		<-done
	}
	if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		return err
	}
	return nil
}

// Ask implements changefeed.Line.
func (b *Bus) Ask(ctx context.Context, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m, err := b.conn.RequestWithContext(ctx, asked(b.Name), request)
	if err != nil {
		return nil, busy(err)
	}
	return m.Data, nil
}

// The pulling of messages: the server says every beat that it is there, so that a cut
// line is noticed soon.
const (
	pulled = 64
	pull   = 4 * time.Second
	beat   = 500 * time.Millisecond
)

// Follow implements changefeed.Line.
func (b *Bus) Follow(ctx context.Context, place uint64, use func([]byte, uint64) error) error {
	s, err := b.stream(ctx)
	if err != nil {
		return err
	}
	info := s.CachedInfo().State
	from := place + 1
	if from < info.FirstSeq || from > info.LastSeq+1 {
		from = max(info.FirstSeq, 1)
	}
	c, err := s.CreateConsumer(ctx, js.ConsumerConfig{
		DeliverPolicy: js.DeliverByStartSequencePolicy, OptStartSeq: from, AckPolicy: js.AckNonePolicy, MemoryStorage: true, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return busy(err)
	}
	for {
		m, err := c.Fetch(pulled, js.FetchMaxWait(pull), js.FetchHeartbeat(beat))
		if err != nil {
			return busy(err)
		}
		if from, err = b.use(ctx, m, from, use); err != nil {
			return err
		}
	}
}

// use gives messages to who follows, and returns the place behind them.
func (b *Bus) use(ctx context.Context, batch js.MessageBatch, from uint64, use func([]byte, uint64) error) (uint64, error) {
	for {
		var m js.Msg
		select {
		case <-ctx.Done():
			return from, ctx.Err()
		case m = <-batch.Messages():
		}
		if m == nil {
			return from, busy(batch.Error())
		}
		at, err := m.Metadata()
		if err != nil {
			return from, err
		}
		if at.Sequence.Stream < from {
			continue
		}
		// A message that was on its way when the line was cut is missing; its changes are
		// noticed by their numbers.
		if err := use(m.Data(), at.Sequence.Stream); err != nil {
			return from, err
		}
		from = at.Sequence.Stream + 1
	}
}
