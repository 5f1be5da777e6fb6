package abuse

import (
	"bytes"
	"os"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Action is what is done when a rule is met.
type Action string

// The actions, from the mildest on. Each of them leaves a flag.
const (
	ActionNone   Action = ""
	ActionFlag   Action = "flag"       // Somebody of compliance looks at it.
	ActionFreeze Action = "ask-freeze" // Compliance is asked, on the ledger, to freeze the account; the operation goes on.
	ActionStepUp Action = "step-up"    // Taken only with the customer's own key or a second factor.
	ActionRefuse Action = "refuse"     // Not taken now.
)

// severity orders actions.
var severity = map[Action]int{ActionNone: 0, ActionFlag: 1, ActionFreeze: 2, ActionStepUp: 3, ActionRefuse: 4}

// Subject is whose doings are counted together.
type Subject string

// The subjects.
const (
	PerAccount  Subject = "account"
	PerDevice   Subject = "device"   // A wallet, by the key that it keeps.
	PerTerminal Subject = "terminal" // A till.
)

// Limits of rules.
const (
	MaxRules      = 32
	MaxWindow     = 31 * 24 * time.Hour
	MinWindow     = time.Minute
	maxRulesBytes = 64 << 10
)

// Velocity limits how often, or for how many points, a subject does something in any stretch of time as long as the window.
type Velocity struct {
	Name   string          `yaml:"name"` // For compliance; callers and customers never learn it.
	Kinds  []points.Kind   `yaml:"kinds"`
	Per    Subject         `yaml:"per"`
	Window time.Duration   `yaml:"window"`
	Count  int64           `yaml:"count"`  // More operations than these meet the rule; 0 for any number.
	Points quantity.Points `yaml:"points"` // More points than these meet the rule; 0 for any number.
	Action Action          `yaml:"action"`
}

// Takeover looks at large debits in the time after something about the account was new.
type Takeover struct {
	For    time.Duration   `yaml:"for"`    // 0 turns it off.
	Points quantity.Points `yaml:"points"` // A debit of so many points or more is large.
	Action Action          `yaml:"action"`
}

// Referrals looks at who refers whom.
type Referrals struct {
	Window time.Duration `yaml:"window"` // 0 turns it off.
	Most   int64         `yaml:"most"`   // One account refers no more than these in the window.
	Action Action        `yaml:"action"` // flag or ask-freeze: the referral stands on the ledger already.
}

// Returns looks at how much of what an account buys comes back.
type Returns struct {
	Window time.Duration  `yaml:"window"` // 0 turns it off.
	Least  int64          `yaml:"least"`  // Fewer returns than these in the window are nobody's business.
	Share  quantity.Ratio `yaml:"share"`  // Returns to purchases, by number: as much or more meets the rule.
	Most   int64          `yaml:"most"`   // More returns than these meet it whatever was bought; 0 for any number.
	Action Action         `yaml:"action"` // flag or ask-freeze.
}

// Rules are what a gateway looks for. They are the operator's secret: nothing that leaves the gateway names one.
type Rules struct {
	Velocity      []Velocity `yaml:"velocity"`
	NewDevice     Takeover   `yaml:"newDevice"`     // A device that the account, which has others, hasn't used before.
	NewController Takeover   `yaml:"newController"` // After a rekey, a recovery, or the request for one. No step-up: the new controller would agree to everything.
	Referrals     Referrals  `yaml:"referrals"`
	Returns       Returns    `yaml:"returns"`
	StrongMethods []string   `yaml:"strongMethods"` // Ways of authentication in custody that count as a second factor.
}

// LoadRules reads rules from a YAML file; INVALID_VALUE names what is wrong. Without a file there are none.
func LoadRules(file string) (*Rules, error) {
	if file == "" {
		return &Rules{}, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "key people.abuseRules: the file can't be read: %v", err)
	}
	if len(raw) > maxRulesBytes {
		return nil, fault.New(fault.TooLarge, "key people.abuseRules: the file has more than %d bytes", maxRulesBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	var r Rules
	if err := decoder.Decode(&r); err != nil {
		return nil, fault.New(fault.InvalidValue, "key people.abuseRules: %v", err)
	}
	return &r, r.Validate()
}

// Validate returns INVALID_VALUE unless every rule can be applied.
func (r *Rules) Validate() error {
	if len(r.Velocity) > MaxRules {
		return fault.New(fault.TooLarge, "there are at most %d velocity rules", MaxRules)
	}
	names := map[string]bool{}
	for i := range r.Velocity {
		v := &r.Velocity[i]
		if v.Name == "" || names[v.Name] {
			return fault.New(fault.InvalidValue, "velocity rule %d needs a name of its own", i)
		}
		names[v.Name] = true
		if err := v.validate(); err != nil {
			return err
		}
	}
	reviewing := []Action{ActionFlag, ActionFreeze}
	for _, w := range []struct {
		name    string
		window  time.Duration
		action  Action
		allowed []Action
	}{
		{"newDevice", r.NewDevice.For, r.NewDevice.Action, []Action{ActionFlag, ActionFreeze, ActionStepUp, ActionRefuse}},
		{"newController", r.NewController.For, r.NewController.Action, []Action{ActionFlag, ActionFreeze, ActionRefuse}},
		{"referrals", r.Referrals.Window, r.Referrals.Action, reviewing},
		{"returns", r.Returns.Window, r.Returns.Action, reviewing},
	} {
		if w.window == 0 {
			continue
		}
		if w.window < MinWindow || w.window > 12*MaxWindow || !slices.Contains(w.allowed, w.action) {
			return fault.New(fault.InvalidValue, "%s needs a time of %s to %s and one of the actions %v", w.name, MinWindow, 12*MaxWindow, w.allowed)
		}
	}
	if r.Returns.Window != 0 && (r.Returns.Share.Num < 0 || r.Returns.Share.Den < 1 || r.Returns.Least < 1) {
		return fault.New(fault.InvalidValue, "returns needs least of 1 or more and a share such as {num: 1, den: 2}")
	}
	return nil
}

func (v *Velocity) validate() error {
	if v.Window < MinWindow || v.Window > MaxWindow {
		return fault.New(fault.InvalidValue, "velocity rule %s: the window lies between %s and %s", v.Name, MinWindow, MaxWindow)
	}
	if !slices.Contains([]Subject{PerAccount, PerDevice, PerTerminal}, v.Per) {
		return fault.New(fault.InvalidValue, "velocity rule %s: per is account, device or terminal", v.Name)
	}
	if severity[v.Action] == 0 {
		return fault.New(fault.InvalidValue, "velocity rule %s: action is flag, ask-freeze, step-up or refuse", v.Name)
	}
	if v.Count < 0 || v.Points < 0 || v.Count == 0 && v.Points == 0 {
		return fault.New(fault.InvalidValue, "velocity rule %s needs a count or points", v.Name)
	}
	if len(v.Kinds) == 0 {
		return fault.New(fault.InvalidValue, "velocity rule %s needs kinds", v.Name)
	}
	for _, k := range v.Kinds {
		if !slices.Contains(points.Kinds(), k) {
			return fault.New(fault.InvalidValue, "velocity rule %s: there is no kind %s", v.Name, k)
		}
	}
	return nil
}
