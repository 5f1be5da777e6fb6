package signin

import (
	"strings"

	"golang.org/x/text/language"

	"github.com/tallystick/tallystick/gateway/people/vault"
)

// Languages of messages; the first one is used for who asks for none of them.
var messageLanguages = []string{"en", "de", "zh"}

// wording is a message in one language: {issuer} and {code} are filled in.
type wording struct{ subject, text string }

// wordings say what each code is for, so that nobody reads it out to a stranger for something else.
var wordings = map[stage]map[string]wording{
	awaitsCode: {
		"en": {"{issuer}: your code", "{code} is your code to sign in to or register with {issuer}. It is good for 10 minutes.\n\nWe never ask you for it by phone or message. If you didn't ask for it, ignore this message."},
		"de": {"{issuer}: Ihr Code", "{code} ist Ihr Code zum Anmelden oder Registrieren bei {issuer}. Er gilt 10 Minuten.\n\nWir fragen Sie nie am Telefon oder in Nachrichten danach. Wenn Sie ihn nicht angefordert haben, beachten Sie diese Nachricht nicht."},
		"zh": {"{issuer}：您的验证码", "{code} 是您登录或注册 {issuer} 的验证码，10 分钟内有效。\n\n我们绝不会通过电话或消息索要验证码。如非您本人操作，请忽略此消息。"},
	},
	awaitsStepUp: {
		"en": {"{issuer}: confirm that it's you", "{code} confirms a sensitive action in your {issuer} wallet. It is good for 10 minutes.\n\nIf you aren't doing anything there, somebody else is signed in as you: sign in and end other sessions."},
		"de": {"{issuer}: Bestätigen Sie, dass Sie es sind", "{code} bestätigt einen wichtigen Schritt in Ihrer Brieftasche bei {issuer}. Der Code gilt 10 Minuten.\n\nWenn Sie dort gerade nichts tun, ist jemand anders als Sie angemeldet: Melden Sie sich an und beenden Sie andere Sitzungen."},
		"zh": {"{issuer}：请确认是您本人", "{code} 用于确认您在 {issuer} 钱包中的重要操作，10 分钟内有效。\n\n如果您并未操作，说明有人以您的身份登录：请登录并结束其他会话。"},
	},
	awaitsAddress: {
		"en": {"{issuer}: confirm this address", "{code} adds this address to a {issuer} wallet. It is good for 10 minutes.\n\nIf you didn't ask for it, ignore this message."},
		"de": {"{issuer}: Bestätigen Sie diese Adresse", "{code} fügt diese Adresse einer Brieftasche bei {issuer} hinzu. Der Code gilt 10 Minuten.\n\nWenn Sie ihn nicht angefordert haben, beachten Sie diese Nachricht nicht."},
		"zh": {"{issuer}：确认此地址", "{code} 用于将此地址添加到 {issuer} 钱包，10 分钟内有效。\n\n如非您本人操作，请忽略此消息。"},
	},
}

// compose writes a letter's message. A phone gets the first paragraph.
func compose(l letter) Message {
	w := wordings[l.purpose][languageOf(l.language)]
	fill := strings.NewReplacer("{issuer}", l.issuer, "{code}", l.code)
	m := Message{To: l.to, Subject: fill.Replace(w.subject), Text: fill.Replace(w.text)}
	if l.to.Kind == vault.Phone {
		m.Subject = ""
		m.Text, _, _ = strings.Cut(m.Text, "\n")
	}
	return m
}

// languageOf is the message's language for what was asked for.
func languageOf(asked string) string {
	tag, err := language.Parse(asked)
	if err != nil {
		return messageLanguages[0]
	}
	base, _ := tag.Base()
	for _, l := range messageLanguages {
		if l == base.String() {
			return l
		}
	}
	return messageLanguages[0]
}
