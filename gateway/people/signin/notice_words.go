package signin

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/gateway/people/vault"
)

// noticeWording is how a person is written to about events in one language: {issuer}, {what}, {when}, {others}, {events} and {more} are filled in.
type noticeWording struct {
	subject, text string
	short         string // Of a text message, of the gravest event.
	others        string // How many others a text message is about; in place of {others}, which is empty for none.
	line          string // Of one event; {device} is empty, or as in at.
	at, more      string
	time          string // Layout of a time, UTC.
}

// noticeWordings have no link and ask for nothing: nobody shall get used to following what such a message says.
var noticeWordings = map[string]noticeWording{
	"en": {
		subject: "{issuer}: security of your wallet",
		text: "This happened to your {issuer} wallet:\n\n{events}{more}\nIf it was you, there is nothing to do. If it wasn't, sign in, end other sessions under Security, and tell {issuer}.\n\n" +
			"This message has no link and asks you for nothing. Nobody of ours ever asks you for a code.\n",
		short: "{issuer} wallet: {what}, {when}{others}. If it wasn't you, sign in, end other sessions and tell {issuer}.", others: " and {more} more",
		line: "- {when}: {what}{device}\n", at: " ({device})", more: "- and {more} more, in the wallet under Security\n", time: "2 Jan 2006 15:04 UTC",
	},
	"de": {
		subject: "{issuer}: Sicherheit Ihrer Brieftasche",
		text: "Das ist mit Ihrer Brieftasche bei {issuer} geschehen:\n\n{events}{more}\nWenn Sie es waren, ist nichts zu tun. Wenn nicht: Melden Sie sich an, beenden Sie unter Sicherheit andere Sitzungen und sagen Sie {issuer} Bescheid.\n\n" +
			"Diese Nachricht hat keinen Link und fragt Sie nach nichts. Niemand von uns fragt Sie je nach einem Code.\n",
		short: "Brieftasche bei {issuer}: {what}, {when}{others}. Wenn Sie es nicht waren: anmelden, andere Sitzungen beenden und {issuer} Bescheid sagen.", others: " und {more} weitere",
		line: "- {when}: {what}{device}\n", at: " ({device})", more: "- und {more} weitere, in der Brieftasche unter Sicherheit\n", time: "02.01.2006 15:04 UTC",
	},
	"zh": {
		subject: "{issuer}：钱包安全通知",
		text: "您的 {issuer} 钱包发生了以下事项：\n\n{events}{more}\n如为您本人操作，无需处理。如非本人操作，请登录钱包，在“安全”中结束其他会话，并告知 {issuer}。\n\n" +
			"此消息不含链接，也不会要求您提供任何信息。我们绝不会向您索要验证码。\n",
		short: "{issuer} 钱包：{what}，{when}{others}。如非本人操作，请登录、结束其他会话并告知 {issuer}。", others: "，另有 {more} 项",
		line: "- {when}：{what}{device}\n", at: "（{device}）", more: "- 另有 {more} 项，请在钱包的“安全”中查看\n", time: "2006-01-02 15:04 UTC",
	},
}

// eventWords say what happened, without who or where: nobody learns more from a lost telephone's screen.
var eventWords = map[Event]map[string]string{
	DeviceNew:            {"en": "signed in from a new device", "de": "Anmeldung von einem neuen Gerät", "zh": "从新设备登录"},
	PasskeyAdded:         {"en": "a passkey was added", "de": "ein Passkey wurde hinzugefügt", "zh": "添加了通行密钥"},
	PasskeyRemoved:       {"en": "a passkey was removed", "de": "ein Passkey wurde entfernt", "zh": "移除了通行密钥"},
	AuthenticatorAdded:   {"en": "an authenticator app was set up", "de": "eine Authenticator-App wurde eingerichtet", "zh": "设置了身份验证器应用"},
	AuthenticatorRemoved: {"en": "the authenticator app was removed", "de": "die Authenticator-App wurde entfernt", "zh": "移除了身份验证器应用"},
	RecoveryUsed:         {"en": "a recovery code was used", "de": "ein Wiederherstellungscode wurde benutzt", "zh": "使用了恢复码"},
	RecoveryRenewed:      {"en": "new recovery codes were made", "de": "neue Wiederherstellungscodes wurden erzeugt", "zh": "生成了新的恢复码"},
	LockedOut:            {"en": "the second factor was tried too often and isn't taken for a while", "de": "der zweite Faktor wurde zu oft versucht und wird eine Weile nicht angenommen", "zh": "第二因素尝试次数过多，暂时无法使用"},
	IdentifierAdded:      {"en": "an address or number was added", "de": "eine Adresse oder Nummer wurde hinzugefügt", "zh": "添加了地址或号码"},
	IdentifierRemoved:    {"en": "an address or number was removed", "de": "eine Adresse oder Nummer wurde entfernt", "zh": "移除了地址或号码"},
	IdentifierReplaced:   {"en": "an address or number was replaced", "de": "eine Adresse oder Nummer wurde ersetzt", "zh": "更换了地址或号码"},
	ControllerChanged:    {"en": "another key controls an account", "de": "ein anderer Schlüssel kontrolliert ein Konto", "zh": "账户的控制密钥已更换"},
	RecoveryBegun:        {"en": "another key will control an account after a wait, unless it is vetoed", "de": "nach einer Frist wird ein anderer Schlüssel ein Konto kontrollieren, wenn niemand widerspricht", "zh": "若无异议，等待期后账户的控制密钥将更换"},
	PersonsMerged:        {"en": "two customer records were joined by the brand", "de": "die Marke hat zwei Kundeneinträge zusammengelegt", "zh": "品牌合并了两份客户资料"},
}

// gravest has every event that is told, the gravest first: what can still be stopped, what takes control, what takes a way in from the person, what gives one to somebody.
var gravest = []Event{
	RecoveryBegun, ControllerChanged, PersonsMerged, IdentifierReplaced, IdentifierRemoved, AuthenticatorRemoved, PasskeyRemoved, RecoveryUsed, RecoveryRenewed,
	PasskeyAdded, AuthenticatorAdded, IdentifierAdded, DeviceNew, LockedOut,
}

// gravestOf is the newest of the gravest events, the oldest being first.
func gravestOf(events []Happened) Happened {
	worst := events[0]
	for _, e := range events[1:] {
		if slices.Index(gravest, e.Kind) <= slices.Index(gravest, worst.Kind) {
			worst = e
		}
	}
	return worst
}

// maxLines is how many events one message lists, the newest ones.
const maxLines = 10

// composeNotice writes a message about events, the oldest first, and a number of others that aren't there any more.
func composeNotice(issuer, language string, to vault.Identifier, events []Happened, untold int) Message {
	l := languageOf(language)
	w := noticeWordings[l]
	if to.Kind == vault.Phone {
		return Message{To: to, Text: w.shortOf(issuer, l, events, untold)}
	}
	more := ""
	hidden := max(len(events)-maxLines, 0)
	if n := hidden + untold; n > 0 {
		more = strings.ReplaceAll(w.more, "{more}", strconv.Itoa(n))
	}
	events = events[hidden:]
	var lines strings.Builder
	for _, e := range events {
		lines.WriteString(w.lineOf(e, l))
	}
	fill := strings.NewReplacer("{issuer}", issuer, "{events}", lines.String(), "{more}", more)
	return Message{To: to, Subject: fill.Replace(w.subject), Text: fill.Replace(w.text)}
}

func (w *noticeWording) shortOf(issuer, language string, events []Happened, untold int) string {
	worst, others := gravestOf(events), ""
	if n := len(events) - 1 + untold; n > 0 {
		others = strings.ReplaceAll(w.others, "{more}", strconv.Itoa(n))
	}
	return strings.NewReplacer("{issuer}", issuer, "{what}", eventWords[worst.Kind][language], "{when}", worst.At.UTC().Format(w.time), "{others}", others).Replace(w.short)
}

func (w *noticeWording) lineOf(e Happened, language string) string {
	device := ""
	if e.Device != "" {
		device = strings.ReplaceAll(w.at, "{device}", e.Device)
	}
	return strings.NewReplacer("{when}", e.At.In(time.UTC).Format(w.time), "{what}", eventWords[e.Kind][language], "{device}", device).Replace(w.line)
}
