package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/packet"
)

// Media is the type of a message tunnelled in HTTP.
const Media = "application/x-hdl-message"

// Exchange sends a request to one server and returns its answer.
//
//   - m: its request number is drawn here.
//   - Errors: fault.Busy when there is no answer in time; fault.Invalid when it is none.
func (c *Client) Exchange(ctx context.Context, t typed.Transport, to netip.AddrPort, m wire.Message) (wire.Message, error) {
	m.Request = number()
	var b []byte
	var err error
	switch t {
	case typed.UDP:
		b, err = c.packets(ctx, to, m)
	case typed.TCP:
		b, err = c.stream(ctx, to, m)
	case typed.HTTP, typed.HTTPS:
		b, err = c.tunnel(ctx, t, to, m)
	}
	if err != nil {
		if fault.KindOf(err) == "" {
			err = &fault.Fault{Kind: fault.Busy, Text: "server " + to.String() + " does not answer", Err: err}
		}
		return wire.Message{}, err
	}
	answer, err := wire.Parse(b)
	if err == nil && !answers(m, answer) {
		err = fault.New(fault.Invalid, "server %s answers another request", to)
	}
	return answer, err
}

// answers reports whether a message is the answer to a request.
func answers(m, answer wire.Message) bool {
	return answer.Request == m.Request && answer.Code != wire.Request && (answer.Op == m.Op || answer.Code == wire.ProtocolError)
}

func (c *Client) timeout() time.Duration { return cmp.Or(c.Timeout, 2*time.Second) }

// packets asks by UDP: again after a while, each time a longer one.
func (c *Client) packets(ctx context.Context, to netip.AddrPort, m wire.Message) ([]byte, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", to.String()) // connected: what others send does not get here
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing of it is left to be said
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	message := wire.Append(nil, m)
	assembler := packet.NewAssembler(packet.Limits{})
	for try := range cmp.Or(c.Tries, 3) {
		for _, p := range packet.Split(message) {
			if _, err := conn.Write(p); err != nil {
				return nil, err
			}
		}
		if err := conn.SetReadDeadline(clock().Add(c.timeout() << try)); err != nil {
			return nil, err
		}
		b, err := collect(conn, assembler, to, m)
		var late net.Error
		if err == nil || !errors.As(err, &late) || !late.Timeout() || ctx.Err() != nil {
			return b, err
		}
	}
	return nil, fault.New(fault.Busy, "server %s does not answer by UDP", to)
}

// mostByUDP is how long an answer is that is taken in datagrams: of more, sent at once,
// the buffers between here and there lose some.
const mostByUDP = 64 << 10

// collect reads datagrams until they make the answer to a request. What else comes is
// of no interest: perhaps somebody guesses.
func collect(conn net.Conn, assembler *packet.Assembler, from netip.AddrPort, m wire.Message) ([]byte, error) {
	buf := make([]byte, 2*packet.Size)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, err
		}
		e, err := wire.ParseEnvelope(buf[:n])
		if err != nil || e.Request != m.Request {
			continue
		}
		if e.Length > mostByUDP {
			return nil, fault.New(fault.Busy, "server %s answers with %d bytes, which are asked for by TCP", from, e.Length)
		}
		whole, err := assembler.Add(clock(), from, buf[:n])
		if err == nil && whole != nil {
			return whole, nil
		}
	}
}

// stream asks by TCP, on a connection of its own.
func (c *Client) stream(ctx context.Context, to netip.AddrPort, m wire.Message) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing of it is left to be said
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(wire.Append(nil, m)); err != nil {
		return nil, err
	}
	return readMessage(conn)
}

// readMessage reads a message; its memory comes with its bytes.
func readMessage(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, wire.EnvelopeSize); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(b.Bytes()[wire.OffsetLength:])
	if length > wire.MaxLength {
		return nil, fault.New(fault.Invalid, "an answer of %d bytes is announced, at most %d are allowed", length, wire.MaxLength)
	}
	_, err := io.CopyN(&b, r, int64(length))
	return b.Bytes(), err
}

// tunnel asks by HTTP.
func (c *Client) tunnel(ctx context.Context, t typed.Transport, to netip.AddrPort, m wire.Message) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	scheme := "http://"
	if t == typed.HTTPS {
		scheme = "https://"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+to.String()+"/", bytes.NewReader(wire.Append(nil, m)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", Media)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read only
	if res.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Busy, "server %s answers the tunnel with %s", to, res.Status)
	}
	return readMessage(res.Body)
}

// clock is the machine's own, by which sockets go.
func clock() time.Time {
	return time.Now() //nolint:forbidigo // see above
}
