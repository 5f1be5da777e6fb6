package abuse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
	"github.com/tallystick/tallystick/gateway/store"
)

// Ledger is the programme on the ledger, called as the gateway: ledger.Points. Every call is safe to repeat.
type Ledger interface {
	RecordObjection(ctx context.Context, doc wire.NewObjection) (points.Objection, error)
}

// Compliance is the programme on the ledger, called as the brand's compliance: ledger.Points. Every call is safe to repeat.
type Compliance interface {
	RequestFreeze(ctx context.Context, doc wire.NewFreeze) (points.FreezeRequest, error)
	AnswerObjection(ctx context.Context, doc wire.ObjectionAnswer) (points.Objection, error)
}

// Receipts are what the ledger decided, from the read model: store.Reads.
type Receipts interface {
	LanesOf(ctx context.Context, programme string) ([]store.LaneRef, error)
	BatchesAfter(ctx context.Context, lane store.LaneRef, seq int64, limit int) ([]store.Told, error)
}

// Unfreezer has an account unfrozen, once for each key, since an objection to its freeze was upheld.
type Unfreezer interface {
	Unfreeze(ctx context.Context, account points.AccountID, key string) error
}

// Settings are what a Service is made of.
type Settings struct {
	Programme  string
	MSP        string // Of the member: what comes in its lanes has been judged before.
	Rules      *Rules // Validated.
	DB         *sqlite.DB
	Secret     []byte // The gateway's: words are sealed under a key derived from it.
	Ledger     Ledger
	Compliance Compliance // Nil without an identity for it: no freeze is asked for, and answers wait.
	Unfreezer  Unfreezer
	Receipts   Receipts
	Outbox     Outbox                         // Nil: what a killed process hadn't written down isn't counted.
	Terminal   func(*points.Details) [16]byte // By what a till's terminal is known, zero for none; with Outbox.
	// Controllers is told, in the transaction that takes a receipt in, that another key controls an account (rekey, complete) or is to control it after a wait (recover). At is in
	// Unix seconds. Nil: nobody is.
	Controllers func(ctx context.Context, tx *sqlite.Tx, r *points.Receipt, at int64) error
	Keep        time.Duration    // How long findings, decisions and objections are kept; DefaultKeepDays when zero.
	Now         func() time.Time // time.Now when nil.
	Log         *slog.Logger     // Gets ids and codes, never words.
}

// roundEvery is how often a Service looks at what was committed and what is to be sent.
const roundEvery = time.Second

// wordsPurpose is that of the key under which an objection's words are sealed, with a salt of saltBytes in front.
const (
	wordsPurpose = "tallystick abuse words"
	saltBytes    = 32
)

// evidenceSeconds is the end of a freeze that the gateway asks for: a week, in which somebody looks at it.
const evidenceSeconds = 7 * 86400

// Service is a Judge with what becomes of its findings.
type Service struct {
	*Judge
	s         Settings
	sealing   seal.Sealer
	notes     notes
	forgotten int64 // When counts were last forgotten, Unix seconds.
}

// New makes a service; Run has it do its work.
func New(s Settings) (*Service, error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Keep == 0 {
		s.Keep = DefaultKeepDays * secondsPerDay * time.Second
	}
	if s.Controllers == nil {
		s.Controllers = func(context.Context, *sqlite.Tx, *points.Receipt, int64) error { return nil }
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	sealing, err := seal.Derived(s.Secret, wordsPurpose)
	if err != nil {
		return nil, err
	}
	v := &Service{s: s, sealing: sealing}
	v.Judge = NewJudge(s.Rules, Hears{Found: v.found, Used: v.used, Counted: v.counted})
	return v, nil
}

func (v *Service) now() int64 { return v.s.Now().Unix() }

func (v *Service) found(f Finding) {
	if !v.notes.addFinding(f) {
		v.s.Log.Warn("a finding was dropped: too many wait", "reason", f.Reason, "action", f.Action)
	}
}

func (v *Service) used(account points.AccountID, device Known) {
	if !v.notes.addDevice(usedDevice{account, device}) {
		v.s.Log.Warn("a device was not written down: too many wait")
	}
}

func (v *Service) counted(c Counted) {
	if !v.notes.addCounted(c) {
		v.s.Log.Warn("a count was not written down and will be forgotten by a restart: too many wait")
	}
}

// lastWrite is how long a process that ends takes at most to write down what it has counted.
const lastWrite = 5 * time.Second

// Run looks every second at what was found, counted and committed and at what is to be sent, until the context ends; then it writes down what is left. A failure is logged and
// tried again.
func (v *Service) Run(ctx context.Context) error {
	ticker := time.NewTicker(roundEvery)
	defer ticker.Stop()
	for {
		if err := v.Round(ctx); err != nil && ctx.Err() == nil {
			v.s.Log.Warn("a round of what watches for abuse failed and is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			v.writeLast(ctx)
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (v *Service) writeLast(ended context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), lastWrite)
	defer cancel()
	if err := v.writeNoticed(ctx); err != nil {
		v.s.Log.Warn("what was counted last could not be written down", "error", err)
	}
}

// Round does what there is to do now.
func (v *Service) Round(ctx context.Context) error {
	if err := v.writeNoticed(ctx); err != nil {
		return err
	}
	if err := v.readCommitted(ctx); err != nil {
		return err
	}
	if err := v.writeNoticed(ctx); err != nil {
		return err
	}
	if err := v.forget(ctx); err != nil {
		return err
	}
	return v.send(ctx)
}

// writeNoticed writes down what waits; what can't be written waits on.
func (v *Service) writeNoticed(ctx context.Context) error {
	n := v.notes.take()
	if n.empty() {
		return nil
	}
	err := v.s.DB.Write(ctx, func(tx *sqlite.Tx) error {
		for i := range n.devices {
			d := &n.devices[i]
			if _, err := tx.Exec(`INSERT INTO abuse_devices (account, device, first_at, last_at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_at = excluded.last_at`,
				string(d.account), d.device.Device[:], d.device.First, d.device.Last); err != nil {
				return err
			}
		}
		for i := range n.counted {
			if err := writeCounted(tx, &n.counted[i]); err != nil {
				return err
			}
		}
		for i := range n.findings {
			if err := v.flag(tx, &n.findings[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		v.notes.giveBack(n)
	}
	return err
}

// flag adds a finding to the open flag of its account and rule, or opens one, and tells the customer what was decided by it.
func (v *Service) flag(tx *sqlite.Tx, f *Finding) error {
	asked := 1
	if f.Action == ActionFreeze && v.s.Compliance != nil {
		asked = 0
	}
	var id string
	_, err := tx.QueryRow(`INSERT INTO abuse_flags (id, account, rule, reason, action, state, times, first_at, last_at, asked) VALUES (?, ?, ?, ?, ?, 'OPEN', 1, ?, ?, ?)
		ON CONFLICT (account, rule) WHERE state = 'OPEN' DO UPDATE SET times = times + 1, last_at = max(last_at, excluded.last_at) RETURNING id`,
		[]any{drawID(), string(f.Account), f.Rule, string(f.Reason), string(f.Action), f.At, f.At, asked}, &id)
	if err != nil {
		return err
	}
	kind, told := noticeOf[f.Action]
	if !told {
		return nil
	}
	return tell(tx, Notice{Account: f.Account, Kind: kind, Decision: points.OperationID(id), Reason: f.Reason, At: f.At})
}

// noticeOf is what the customer is told of an action. Of a mere flag nothing was decided yet.
var noticeOf = map[Action]NoticeKind{ActionFreeze: NoticeFreezeAsked, ActionStepUp: NoticeStepUp, ActionRefuse: NoticeWithheld}

// drawID draws 128 random bits in hex.
func drawID() string { return random.Hex(16) }

// saltedHash is SHA-256 over a fresh salt and words, with the salt in front of what is sealed.
func (v *Service) saltedHash(id, words string) (hash string, sealed []byte) {
	plain := append(random.Bytes(saltBytes), words...)
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:]), v.sealing.Seal(plain, id)
}

func (v *Service) openWords(id string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := v.sealing.Open(sealed, id)
	if err != nil || len(plain) < saltBytes {
		return "", fault.New(fault.StateCorrupt, "an objection's words can't be opened: was the gateway's secret replaced?")
	}
	return string(plain[saltBytes:]), nil
}
