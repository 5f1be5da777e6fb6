package abuse

import "github.com/tallystick/tallystick/chaincode/points"

// Reason is why something was decided, as a code that customers are told in words.
type Reason string

// The reasons that this package finds; a freeze has one of the ledger's (points.Reasons).
const (
	ReasonVelocity      Reason = "velocity"
	ReasonNewDevice     Reason = "new-device"
	ReasonNewController Reason = "new-controller"
	ReasonReferrals     Reason = "referrals"
	ReasonReturns       Reason = "returns"
)

// Languages of the words, as of the wallet's pages.
var Languages = []string{"en", "de", "zh"}

// words say each reason to the customer it concerns.
var words = map[Reason][3]string{
	ReasonVelocity:                  {"Much more was done with the account than usual in a short time.", "Mit dem Konto wurde in kurzer Zeit viel mehr getan als üblich.", "短时间内账户操作明显多于平常。"},
	ReasonNewDevice:                 {"A large amount was to be spent from a device that the account had not used before.", "Von einem Gerät, das mit dem Konto noch nicht benutzt wurde, sollte ein großer Betrag ausgegeben werden.", "有人试图在该账户从未使用过的设备上进行大额消费。"},
	ReasonNewController:             {"A large amount was to be spent shortly after the account's key was changed.", "Kurz nachdem der Schlüssel des Kontos geändert wurde, sollte ein großer Betrag ausgegeben werden.", "账户密钥更换后不久，有人试图进行大额消费。"},
	ReasonReferrals:                 {"The way in which people were referred looks as if it served the reward alone.", "Die Empfehlungen sehen so aus, als dienten sie nur der Prämie.", "推荐行为看起来仅以奖励为目的。"},
	ReasonReturns:                   {"Much more is returned than usual.", "Es wird viel mehr zurückgegeben als üblich.", "退货明显多于平常。"},
	Reason(points.ReasonFraud):      {"There is a suspicion of fraud.", "Es besteht der Verdacht auf Betrug.", "存在欺诈嫌疑。"},
	Reason(points.ReasonTakeover):   {"Somebody else may have taken over the account.", "Das Konto könnte von jemand anderem übernommen worden sein.", "账户可能已被他人控制。"},
	Reason(points.ReasonAbuse):      {"Offers, returns or referrals look as if they were abused.", "Angebote, Rückgaben oder Empfehlungen sehen nach Missbrauch aus.", "优惠、退货或推荐疑似被滥用。"},
	Reason(points.ReasonCourt):      {"An authority ordered it.", "Eine Behörde hat es angeordnet.", "依主管机关的命令。"},
	Reason(points.ReasonError):      {"A mistake is put right.", "Ein Fehler wird berichtigt.", "纠正错误。"},
	Reason(points.ReasonGoodwill):   {"As a matter of goodwill.", "Aus Kulanz.", "出于善意。"},
	Reason(points.ReasonMigration):  {"The account comes from the system before.", "Das Konto stammt aus dem früheren System.", "账户来自旧系统。"},
	Reason(points.ReasonRequest):    {"The holder asked for it.", "Auf Wunsch des Inhabers.", "应持有人要求。"},
	Reason(points.ReasonResolution): {"The matter is settled.", "Die Angelegenheit ist geklärt.", "事情已解决。"},
}

// WordsFor says a reason in every language, by its tag; empty for a code that isn't one.
func WordsFor(r Reason) map[string]string {
	said, known := words[r]
	if !known {
		return map[string]string{}
	}
	out := make(map[string]string, len(Languages))
	for i, l := range Languages {
		out[l] = said[i]
	}
	return out
}
