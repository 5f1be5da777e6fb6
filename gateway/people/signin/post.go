package signin

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// How messages are sent.
const (
	maxLetters   = 1000             // That wait to be sent; a further one is OVERLOADED.
	letterLife   = 5 * time.Minute  // After which one isn't sent any more: its code is about to lapse.
	sendTimeout  = 30 * time.Second // Of one attempt.
	resendPause  = 2 * time.Second
	maxSendPause = time.Minute
	workers      = 2 // Messages on their way at the same time, so that one slow server of a provider's holds up no other.
)

// Message is what is sent to one address. Subject is empty for a phone.
type Message struct {
	ID      string // Random; the same when a message is sent again. Empty for one that is sent once at most.
	To      vault.Identifier
	Subject string
	Text    string
}

// Sender brings messages to addresses of one kind. An error never names the address.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// letter is a code that is to be sent. It exists in memory only: who doesn't get it asks for another one.
type letter struct {
	to       vault.Identifier
	language string
	purpose  stage
	code     string
	issuer   string
	queued   time.Time
}

// Post sends messages in the background, so that nobody learns from the time of an answer what became of one.
type Post struct {
	senders map[vault.Kind]Sender
	letters chan letter
	log     *slog.Logger
}

// NewPost makes a post with a sender for each kind of address that codes can be sent to.
func NewPost(senders map[vault.Kind]Sender, log *slog.Logger) *Post {
	return &Post{senders: senders, letters: make(chan letter, maxLetters), log: log}
}

// Reaches says whether codes can be sent to addresses of a kind.
func (p *Post) Reaches(kind vault.Kind) bool { return p.senders[kind] != nil }

func (p *Post) queue(l letter) error {
	if !p.Reaches(l.to.Kind) {
		return fault.New(fault.InvalidValue, "this gateway sends no codes to a %s", l.to.Kind)
	}
	l.queued = time.Now()
	select {
	case p.letters <- l:
		return nil
	default:
		return fault.New(fault.Overloaded, "too many messages wait to be sent")
	}
}

// Run sends until ctx ends. It returns ctx's error.
func (p *Post) Run(ctx context.Context) error {
	var working sync.WaitGroup
	for range workers {
		working.Go(func() { p.work(ctx) })
	}
	working.Wait()
	return ctx.Err()
}

func (p *Post) work(ctx context.Context) {
	for {
		select {
		case l := <-p.letters:
			p.deliver(ctx, l)
		case <-ctx.Done():
			return
		}
	}
}

// deliver tries until the letter is sent or too old.
func (p *Post) deliver(ctx context.Context, l letter) {
	for pause := resendPause; ; pause = min(2*pause, maxSendPause) {
		attempt, cancel := context.WithTimeout(ctx, sendTimeout)
		err := p.senders[l.to.Kind].Send(attempt, compose(l))
		cancel()
		if err == nil {
			return
		}
		p.log.Warn("a message can't be sent", "kind", string(l.to.Kind), "err", err)
		if time.Since(l.queued)+pause > letterLife {
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}
