package lookup

import (
	"strings"
	"testing"
	"time"
)

func TestAMessageNamesWhoAsks(t *testing.T) {
	m := Message{Asker: Asker{Partner: "hotel", Name: "Hotel\nStars", Store: "Main\r\nStreet"}, Code: "123456", Ends: begin.Add(5 * time.Minute)}
	for language, word := range map[string]string{"en": "lets", "de-AT": "erfährt", "zh-Hans": "获知", "fr": "lets", "": "lets"} {
		subject, text := Compose(m, language, begin)
		if !strings.Contains(subject, "HotelStars") || !strings.Contains(text, word) || !strings.Contains(text, "123456") || !strings.Contains(text, "MainStreet") || !strings.Contains(text, "5") {
			t.Errorf("%s: %s: %s", language, subject, text)
		}
	}
	m.Store = ""
	if _, text := Compose(m, "en", begin); strings.Contains(text, "(") {
		t.Errorf("a place that isn't known: %s", text)
	}
}

var begin = time.Unix(1_800_000_000, 0)
