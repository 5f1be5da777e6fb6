package vault

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// TestWhatIsStoredStaysReadable opens an entry and a wrapped key as the first release wrote them: ledgers and databases are full of them.
func TestWhatIsStoredStaysReadable(t *testing.T) {
	const (
		place   = "8cea5adc4ab6c9ed923e08fcf7afbe7a"
		entry   = `{"box":"o3dFAwkPlv_i7JmEvYFuEkAcKcd-8rnrWEXPW1IZyY651A2V9YM9uQOeLETAN9ZpxaehtEytFV8p5UYvKMeVAdXeht-33u_2yzlx_XKZ2Al_-Z7McDlUPuyFOhM","salt":"2b70ec549d1095af913842c99392f0f6df2941cb13841f5b436b01027f35431c","v":1}`
		wrapped = "b8c0b208f0534e57acc8ba26a5c7d9b0d9cb336608a94fc02381ca1b8ade37b616772175abecc9451ac47f47a318852a220f79340e365dca31294f42"
	)
	key := bytes.Repeat([]byte{7}, 32)
	secret, err := entrySecret(key, place)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenEntry("grocer", place, []byte(entry), secret); err != nil || got != (Attribute{Name: "name", Value: "Ada"}) {
		t.Errorf("the entry holds %+v, %v", got, err)
	}
	raw, err := hex.DecodeString(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	v := &Vault{Settings: Settings{Brand: "grocer"}}
	if got, err := opened(key, raw, v.personContext("00")); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{9}, 32)) {
		t.Errorf("the wrapped key is %x, %v", got, err)
	}
}
