package signin

import (
	"context"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/tallystick/tallystick/gateway/people/vault"
)

// TestNoticesReachARealMailServerOnce has the server refuse a letter for now, and the gateway restarted before it takes it.
func TestNoticesReachARealMailServerOnce(t *testing.T) {
	w := newWorld(t)
	s := &server{refuse: &smtp.SMTPError{Code: 451, Message: "later, ada@example.org"}}
	carrier := do[*Mail](t)(NewMail(SMTP{Address: s.serve(t, Plain, nil), From: "wallet@airline.example", Encryption: Plain}))
	start := func() (stop func()) {
		settings := w.settings
		settings.Post = NewPost(map[vault.Kind]Sender{vault.Email: carrier}, w.log)
		w.Service = do[*Service](t)(New(settings))
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { _ = w.Run(ctx); close(ended) }()
		return func() { end(); <-ended }
	}
	tried := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.to)
	}
	ada := w.person(email("ada@example.org"))
	stop := start()
	w.happens(ada, AuthenticatorRemoved)
	await(t, "a first attempt", func() bool { return tried() == 1 })
	stop()
	s.mu.Lock()
	s.refuse = nil
	s.mu.Unlock()
	w.pass(maxLetterPause)
	stop = start()
	await(t, "the letter", func() bool {
		var left int
		return w.db.Reader().QueryRow("SELECT count(*) FROM signin_letters").Scan(&left) == nil && left == 0
	})
	stop()
	if tried() != 2 {
		t.Errorf("%d attempts", tried())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	letter := do[*mail.Message](t)(mail.ReadMessage(strings.NewReader(string(s.raw))))
	id := letter.Header.Get("Message-ID")
	if !strings.HasSuffix(id, "@airline.example>") || len(id) != len("<>@airline.example")+2*idSize || s.to[1] != "ada@example.org" || letter.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%v", letter.Header)
	}
}

// await waits for something that another goroutine does.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s doesn't come", what)
		}
	}
}
