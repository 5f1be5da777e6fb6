package signin

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// How letters are carried.
const (
	lettersAtOnce  = 20 // Read at once.
	letterPause    = 15 * time.Second
	maxLetterPause = 30 * time.Minute
)

// kept is a letter in the database.
type kept struct {
	id    string
	body  []byte
	made  int64
	tries int
}

// Run writes to persons about what happened to how they sign in, until ctx ends. It returns ctx's error. What it can't send is tried again, also by a later process, until it
// is LetterLife old. Channels don't wait for each other.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.repeat(ctx, s.woken, s.writeLetters) })
	for kind := range s.post.senders {
		group.Go(func() error {
			return s.repeat(ctx, nil, func(ctx context.Context) error { return s.carry(ctx, kind) })
		})
	}
	return group.Wait()
}

// wake has events told at once.
func (s *Service) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// repeat works when woken and every noticeRound; after a failure every noticePause.
func (s *Service) repeat(ctx context.Context, wakes <-chan struct{}, work func(context.Context) error) error {
	for {
		pause, woken := noticeRound, wakes
		if err := work(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("security notices wait to be sent", "code", string(fault.CodeOf(err)))
			pause, woken = noticePause, nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-woken:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// carry sends the letters of a channel that are due. A letter is gone once the sender has taken it: a process that dies in between sends it again, under the same name.
func (s *Service) carry(ctx context.Context, channel vault.Kind) error {
	letters, err := list(ctx, s.db.Reader(), func(row scanner) (k kept, err error) {
		err = row.Scan(&k.id, &k.body, &k.made, &k.tries)
		return k, err
	}, "SELECT id, body, made, tries FROM signin_letters WHERE channel = ? AND due <= ? ORDER BY due, id LIMIT ?", channel, s.now().Unix(), lettersAtOnce)
	if err != nil {
		return err
	}
	for _, k := range letters {
		if err := s.deliver(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends a letter, or has it wait. One that is too old is forgotten, and so is one that was sealed under another secret or can't be decoded: others wait behind it.
func (s *Service) deliver(ctx context.Context, k kept) error {
	var m Message
	raw, err := s.keys.open(letterOwner(k.id), k.body)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil || s.now().Sub(time.Unix(k.made, 0)) > LetterLife {
		s.log.Warn("a security notice is given up")
		return s.drop(ctx, k)
	}
	attempt, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := s.post.senders[m.To.Kind].Send(attempt, m); err != nil {
		s.log.Warn("a message can't be sent", "kind", string(m.To.Kind), "err", err)
		pause := min(letterPause<<min(k.tries, 16), maxLetterPause)
		return s.db.Write(ctx, func(tx *sqlite.Tx) error {
			_, err := tx.Exec("UPDATE signin_letters SET tries = tries + 1, due = ? WHERE id = ?", s.now().Add(pause).Unix(), k.id)
			return err
		})
	}
	return s.drop(context.WithoutCancel(ctx), k)
}

func (s *Service) drop(ctx context.Context, k kept) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("DELETE FROM signin_letters WHERE id = ?", k.id)
		return err
	})
}
