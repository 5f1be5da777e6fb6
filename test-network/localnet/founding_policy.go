package localnet

import (
	"encoding/json"
	"fmt"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// Retention of what a plain data policy declares, in days.
const (
	asLongAsCustomer = 0
	identifierDays   = 3 * 366 // An identifier that nobody has confirmed since.
)

// Limits of values in a plain data policy, in bytes: those of the vault.
const (
	nameBytes       = 200
	addressBytes    = 254
	codeBytes       = 128
	preferenceBytes = 64
)

// firstPolicyOf is in force from the programme's first business date: what the membership file says, or plain promises.
func firstPolicyOf(p *membership.Programme, from quantity.Day) (privacy.Policy, error) {
	policy := plainPolicy(p)
	if p.DataPolicy != nil {
		policy = privacy.Policy{}
		raw, err := json.Marshal(p.DataPolicy)
		if err != nil {
			return policy, err
		}
		if err := wire.Decode(raw, wire.MaxDocument, &policy); err != nil {
			return policy, err
		}
	}
	policy.V, policy.Version, policy.From = 1, 1, from
	return policy, policy.Validate()
}

func plainPolicy(p *membership.Programme) privacy.Policy {
	return privacy.Policy{
		Prose: policyProse(p),
		Purposes: []privacy.Purpose{
			{Code: "service", Words: words("to serve you better when you are there", "um Sie vor Ort besser zu bedienen", "以便在您到店时提供更好的服务")},
			{Code: "offers", Words: words("to make you offers", "um Ihnen Angebote zu machen", "以便向您提供优惠")},
			{Code: "research", Words: words("to learn what customers like", "um zu erfahren, was Kunden mögen", "以便了解顾客喜好")},
		},
		Attributes: []privacy.AttributeSchema{
			text("name", nameBytes, asLongAsCustomer, words("your name", "Ihr Name", "您的姓名")),
			{Name: "birthday", Kind: privacy.KindDate, MaxBytes: len("2006-01-02"), Words: words("your birthday", "Ihr Geburtstag", "您的生日")},
			text("language", preferenceBytes, asLongAsCustomer, words("your language", "Ihre Sprache", "您的语言")),
			text("phone", preferenceBytes, identifierDays, words("your phone numbers", "Ihre Telefonnummern", "您的电话号码")),
			text("email", addressBytes, identifierDays, words("your e-mail addresses", "Ihre E-Mail-Adressen", "您的电子邮箱")),
			text("card", preferenceBytes, identifierDays, words("your card numbers", "Ihre Kartennummern", "您的卡号")),
			text("external", codeBytes, identifierDays, words("your numbers in other systems", "Ihre Nummern in anderen Systemen", "您在其他系统中的编号")),
			{
				Name: "custom.diet", Kind: privacy.KindChoice, MaxBytes: preferenceBytes, Choices: []string{"everything", "vegetarian", "vegan"},
				Words: words("what you eat", "was Sie essen", "您的饮食习惯"),
				Labels: privacy.Labels{
					"everything": words("everything", "alles", "不限"), "vegetarian": words("vegetarian", "vegetarisch", "素食"), "vegan": words("vegan", "vegan", "纯素"),
				},
			},
			text("custom.interests", nameBytes, asLongAsCustomer, words("your interests", "Ihre Interessen", "您的兴趣")),
		},
	}
}

func text(name string, limit, days int, w map[string]string) privacy.AttributeSchema {
	return privacy.AttributeSchema{Name: name, Kind: privacy.KindText, MaxBytes: limit, Words: w, RetentionDays: days}
}

func words(en, de, zh string) map[string]string {
	return map[string]string{"en": en, "de": de, "zh": zh}
}

// policyProse says the policy to a customer.
func policyProse(p *membership.Programme) map[string]string {
	return words(
		fmt.Sprintf("%s keeps what you tell it about yourself, encrypted under a key of your own, as long as you are a customer; phone numbers, addresses and card numbers "+
			"for three years after you last confirmed them. Your points stand on a ledger that all brands of the network share, under a random number; a transfer or a swap shows there that two "+
			"accounts belong together. Another brand sees something about you only if you agree, for one purpose and a time that you choose; you see each look, and can take it back. You can see, correct, "+
			"take with you and have erased what is kept.", p.DisplayName),
		fmt.Sprintf("%s bewahrt auf, was Sie über sich angeben, verschlüsselt mit einem eigenen Schlüssel, solange Sie Kunde sind; Telefonnummern, Adressen und Kartennummern "+
			"drei Jahre, nachdem Sie sie zuletzt bestätigt haben. Ihre Punkte stehen unter einer Zufallsnummer in einem Buch, das alle Marken des Netzes teilen; eine Übertragung oder ein Tausch zeigt dort, "+
			"dass zwei Konten zusammengehören. Eine andere Marke sieht etwas über Sie nur, wenn Sie zustimmen, für einen Zweck und eine Zeit, die Sie wählen; Sie sehen jeden Blick und können widerrufen. "+
			"Sie können einsehen, berichtigen, mitnehmen und löschen lassen, was aufbewahrt wird.", p.DisplayName),
		fmt.Sprintf("%s会保存您提供的个人信息，以您专属的密钥加密，保存至您不再是顾客为止；电话号码、地址和卡号在您最后一次确认后保存三年。您的积分以随机编号记录在网络各品牌共享的账本上；转赠或兑换会显示两个账户"+
			"之间的关联。其他品牌只有在您同意后，才能在您选定的目的和期限内看到您的信息；您可以看到每一次查看，并可随时撤回。您可以查看、更正、带走并要求删除所保存的信息。", p.DisplayName),
	)
}
