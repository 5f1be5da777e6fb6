package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// EventType is what a customer did.
type EventType string

// The types of events.
const (
	Purchase   EventType = "purchase"
	SignUp     EventType = "signup"   // Once per account.
	AppUse     EventType = "app"      // First use of the app; once per account.
	Referral   EventType = "referral" // Of the account that was referred; once per account.
	Referrer   EventType = "referrer" // Of the account that referred another; as often as others are referred.
	Share      EventType = "share"
	Review     EventType = "review"
	Survey     EventType = "survey"
	CheckIn    EventType = "checkin"
	Attendance EventType = "attendance"
	Birthday   EventType = "birthday" // Once per account and calendar year.
	Streak     EventType = "streak"
)

// eventTypes is indexed by the bits of a typeMask.
var eventTypes = [...]EventType{Purchase, SignUp, AppUse, Referral, Referrer, Share, Review, Survey, CheckIn, Attendance, Birthday, Streak}

// typeMask is a set of event types.
type typeMask uint16

func maskOf(t EventType) typeMask {
	if i := slices.Index(eventTypes[:], t); i >= 0 {
		return 1 << i
	}
	return 0
}

func maskOfAll(list []EventType) typeMask {
	var m typeMask
	for _, t := range list {
		m |= maskOf(t)
	}
	return m
}

// EventTypes lists the types of events.
func EventTypes() []EventType { return slices.Clone(eventTypes[:]) }

// Event is what happened, with the private details that conditions may look at.
type Event struct {
	Type        EventType        `json:"type"`
	AmountMinor int64            `json:"amountMinor"` // 0 to quantity.MaxMinor; 0 where nothing was paid.
	Currency    string           `json:"currency,omitzero"`
	Categories  []CategoryAmount `json:"categories,omitempty"` // In the order of their names, each once.
	Store       string           `json:"store,omitzero"`
	Channel     string           `json:"channel,omitzero"`
	OccurredAt  string           `json:"occurredAt"`     // RFC 3339, with its offset, from 1970 on, to the nanosecond at most.
	Tags        []string         `json:"tags,omitempty"` // In order, each once.
}

// CategoryAmount is what was paid for goods of one category.
type CategoryAmount struct {
	Category string `json:"category"`
	Minor    int64  `json:"minor"` // 0 to quantity.MaxMinor.
}

// Valid returns INVALID_VALUE or OUT_OF_RANGE unless every field is within its bounds. The currency is only looked at for its form: whether it is the programme's is for the caller to say.
func (e *Event) Valid() error {
	_, err := e.valid()
	return err
}

// valid also returns when the event happened.
func (e *Event) valid() (time.Time, error) {
	if maskOf(e.Type) == 0 {
		return time.Time{}, fault.New(fault.InvalidValue, "there are no events of this type")
	}
	if e.AmountMinor < 0 || e.AmountMinor > quantity.MaxMinor {
		return time.Time{}, fault.New(fault.OutOfRange, "an amount must lie between 0 and %d minor units", int64(quantity.MaxMinor))
	}
	if e.Currency != "" {
		if err := quantity.ValidCurrency(e.Currency); err != nil {
			return time.Time{}, err
		}
	}
	if len(e.Store) > MaxTextLength || len(e.Channel) > MaxTextLength {
		return time.Time{}, fault.New(fault.InvalidValue, "store and channel have at most %d bytes", MaxTextLength)
	}
	if err := e.validLists(); err != nil {
		return time.Time{}, err
	}
	at, ok := moment(e.OccurredAt)
	if !ok {
		return time.Time{}, fault.New(fault.InvalidValue, "occurredAt must be a time in RFC 3339 from 1970 on")
	}
	return at, nil
}

// moment reads an RFC 3339 time from 1970 on, of at most MaxTimeLength bytes. Two things that package time takes beyond RFC 3339 are refused: an hour of one digit and a decimal comma.
func moment(s string) (time.Time, bool) {
	if len(s) > MaxTimeLength || strings.Contains(s, ",") {
		return time.Time{}, false
	}
	// The zone given here keeps the parser from comparing offsets with the host's.
	at, err := time.ParseInLocation(time.RFC3339, s, time.UTC)
	if err != nil || s[len("2006-01-02T1")] == ':' {
		return time.Time{}, false
	}
	year := at.UTC().Year()
	return at, year >= 1970 && year <= 9999
}

func (e *Event) validLists() error {
	if len(e.Categories) > MaxCategories || len(e.Tags) > MaxTags {
		return fault.New(fault.InvalidValue, "an event has at most %d categories and %d tags", MaxCategories, MaxTags)
	}
	for i, c := range e.Categories {
		if !isWord(c.Category) || i > 0 && strings.Compare(e.Categories[i-1].Category, c.Category) >= 0 {
			return fault.New(fault.InvalidValue, "categories have 1 to %d bytes, stand in order and only once", MaxWordLength)
		}
		if c.Minor < 0 || c.Minor > quantity.MaxMinor {
			return fault.New(fault.OutOfRange, "a category's total must lie between 0 and %d minor units", int64(quantity.MaxMinor))
		}
	}
	for i, t := range e.Tags {
		if !isWord(t) || i > 0 && strings.Compare(e.Tags[i-1], t) >= 0 {
			return fault.New(fault.InvalidValue, "tags have 1 to %d bytes, stand in order and only once", MaxWordLength)
		}
	}
	return nil
}

func isWord(s string) bool { return len(s) >= 1 && len(s) <= MaxWordLength }

// minor is the total of a category, 0 when nothing of it was bought; the whole amount for an empty name.
func (e *Event) minor(category string) int64 {
	if category == "" {
		return e.AmountMinor
	}
	for _, c := range e.Categories {
		if c.Category == category {
			return c.Minor
		}
	}
	return 0
}
