package main

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/people/lookup"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/web"
)

// signInKey is the use of the gateway's secret from which everything of the sign-in is derived.
const signInKey = "sign-in"

// buildSignIn makes, with a secret of its own, what customers sign in with, and their pages, where the configuration says at which origin.
func (g *gateway) buildSignIn(parts *api.Parts, secret []byte) error {
	settings := &g.cfg.People
	if settings.Origin == "" {
		return nil
	}
	senders, err := sendersOf(settings)
	if err != nil {
		return err
	}
	g.people.senders = senders
	post := signin.NewPost(senders, g.log)
	events := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tally_sign_in_events_total", Help: "What happened to how customers sign in: sign-ins, new devices, factors, identifiers and controllers that changed. A jump may be an attack."}, []string{"event"})
	g.registry.MustRegister(events)
	service, err := signin.New(signin.Settings{
		DB: g.people.db, People: g.people.vault, Post: post, Relying: g.relyingParty, Secret: secret, Issuer: displayed(g.cfg.Programme), Region: settings.Region, Log: g.log,
		Watch: func(e signin.Event) { events.WithLabelValues(string(e)).Inc() },
	})
	if err != nil {
		return err
	}
	g.people.signIn = service
	g.people.vault.Register(service)
	g.people.runs = append(g.people.runs, post.Run, service.Run)
	parts.People.SignIn, parts.People.Origin, parts.People.Client = service, settings.Origin, settings.Client
	parts.Wallet, err = web.New(displayed(g.cfg.Programme))
	return err
}

// displayed is a programme's name as the wallet's pages show it.
func displayed(programme string) string { return strings.ToUpper(programme[:1]) + programme[1:] }

// sendersOf makes what brings codes to phones and e-mail addresses.
func sendersOf(p *config.People) (map[vault.Kind]signin.Sender, error) {
	senders := map[vault.Kind]signin.Sender{}
	if p.SMS.Folder != "" {
		senders[vault.Phone] = signin.Folder{Path: p.SMS.Folder}
	}
	if p.SMTP.Folder != "" {
		senders[vault.Email] = signin.Folder{Path: p.SMTP.Folder}
	}
	if p.SMTP.Address == "" {
		return senders, nil
	}
	smtp := signin.SMTP{Address: p.SMTP.Address, From: p.SMTP.From, User: p.SMTP.User, Encryption: signin.Encryption(p.SMTP.Encryption)}
	if smtp.Encryption == "" {
		smtp.Encryption = signin.StartTLS
	}
	if p.SMTP.PasswordFile != "" {
		password, err := os.ReadFile(p.SMTP.PasswordFile)
		if err != nil {
			return nil, fault.New(fault.InvalidValue, "key people.smtp.passwordFile: %v", err)
		}
		smtp.Password = strings.TrimSpace(string(password))
	}
	mail, err := signin.NewMail(smtp)
	senders[vault.Email] = mail
	return senders, err
}

// letters write challenges to customers by what codes are sent with. A gateway that sends none asks in the wallet alone.
func (p *people) letters(unproved bool) lookup.Letters {
	send := map[vault.Kind]func(context.Context, vault.Identifier, string, string) error{}
	for kind, sender := range p.senders {
		send[kind] = func(ctx context.Context, to vault.Identifier, subject, text string) error {
			return sender.Send(ctx, signin.Message{To: to, Subject: subject, Text: text})
		}
	}
	return lookup.Letters{Vault: p.vault, Proved: p.proved, Send: send, Unproved: unproved}
}

// proved gives what a customer has proved; nothing where customers don't sign in, since nobody proves anything there.
func (p *people) proved(ctx context.Context, person vault.PersonID, addresses []vault.Identifier) ([]vault.Identifier, bool, error) {
	if p.signIn == nil {
		return nil, false, nil
	}
	return p.signIn.Proved(ctx, person, addresses)
}

// relyingParty is for whom passkeys are made: the programme's on the ledger, so that they can control accounts. A programme that takes none as controllers has the wallet's host.
func (g *gateway) relyingParty(ctx context.Context) (signin.RelyingParty, error) {
	p, err := g.reads.Programme(ctx, g.cfg.Programme)
	if err != nil {
		return signin.RelyingParty{}, err
	}
	rp := signin.RelyingParty{RelyingParty: p.RelyingParty, Name: p.DisplayName}
	if rp.ID != "" {
		if trouble := originTrouble(&rp.RelyingParty, g.cfg.People.Origin); trouble != "" {
			return rp, fault.New(fault.NotReady, "%s", trouble)
		}
		return rp, nil
	}
	u, err := url.Parse(g.cfg.People.Origin)
	if err != nil {
		return rp, fault.New(fault.Internal, "people.origin can't be read: %v", err)
	}
	rp.RelyingParty = webauthn.RelyingParty{ID: u.Hostname(), Origins: []string{g.cfg.People.Origin}}
	return rp, nil
}

// originTrouble says why passkeys made at an origin are of no use to the programme; empty when they are.
func originTrouble(rp *webauthn.RelyingParty, origin string) string {
	if rp.ID == "" || origin == "" || slices.Contains(rp.Origins, origin) {
		return ""
	}
	return "people.origin is none of the origins of the programme's relying party: passkeys made there control no account"
}
