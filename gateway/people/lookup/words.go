package lookup

import (
	"strconv"
	"strings"
	"time"
)

// wording is what a challenged customer is told, in one language: {name}, {place}, {code} and {minutes} are filled in.
type wording struct{ subject, text, place string }

var wordings = map[string]wording{
	"en": {
		"{name} asks who you are",
		"{code} lets {name}{place} know your account, once. Tell it to the till only if you are there now. It is good for {minutes} minutes.\n\n" +
			"If you aren't there, do nothing: nobody learns anything, not even that you got this message.",
		" ({place})",
	},
	"de": {
		"{name} fragt, wer Sie sind",
		"Mit {code} erfährt {name}{place} einmal Ihr Konto. Nennen Sie den Code an der Kasse nur, wenn Sie gerade dort sind. Er gilt {minutes} Minuten.\n\n" +
			"Wenn Sie nicht dort sind, tun Sie nichts: Niemand erfährt etwas, auch nicht, dass Sie diese Nachricht bekommen haben.",
		" ({place})",
	},
	"zh": {
		"{name}询问您的身份",
		"{code} 可让{name}{place}获知您的账户一次。仅当您此刻在场时才告知收银台，{minutes} 分钟内有效。\n\n如您不在场，请忽略：没有人会得知任何信息，包括您收到过此消息。",
		"（{place}）",
	},
}

// Compose writes a message in a language (BCP 47), English where it isn't spoken.
func Compose(m Message, language string, now time.Time) (subject, text string) {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	w, spoken := wordings[base]
	if !spoken {
		w = wordings["en"]
	}
	place := ""
	if m.Store != "" {
		place = strings.ReplaceAll(w.place, "{place}", printable(m.Store))
	}
	minutes := max(1, int(m.Ends.Sub(now).Round(time.Minute)/time.Minute))
	fill := strings.NewReplacer("{name}", printable(m.Name), "{place}", place, "{code}", m.Code, "{minutes}", strconv.Itoa(minutes))
	return fill.Replace(w.subject), fill.Replace(w.text)
}

// printable leaves out what could make an asker's words look like the brand's own: line breaks and other control characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
