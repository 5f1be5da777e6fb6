package api

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// linkingKinds are the operations by which every member sees on the ledger that two accounts have to do with each other.
var linkingKinds = []Kind{KindTransfer, KindGift, KindAccept, KindSwap}

// linkingNotice tells a customer so. It is changed only together with what it says is true: acknowledgements are of its exact words.
var linkingNotice = []struct{ language, text string }{
	{"en", "Every member of the network sees on the ledger, for good, that your account and the other one have to do with each other, and how many points go from one to the other. " +
		"Names are not on the ledger. Whoever knows whose one of the two accounts is can conclude something about the other."},
	{"de", "Jedes Mitglied des Netzwerks sieht im Kassenbuch dauerhaft, dass Ihr Konto und das andere miteinander zu tun haben und wie viele Punkte von einem zum anderen gehen. " +
		"Namen stehen dort nicht. Wer weiß, wem eines der beiden Konten gehört, kann daraus auf das andere schließen."},
	{"zh", "网络中的每个成员都能在账本上永久看到您的账户与对方账户存在关联，以及转移的积分数量。账本上没有姓名。但凡知道其中一个账户属于谁的人，便可能推断出另一个账户的情况。"},
}

// noticeOf is what a customer has to be told before an operation; nil when that is nothing.
func noticeOf(r *OperationRequest, asked string) *OperationNotice {
	if !slices.Contains(linkingKinds, r.Kind) {
		return nil
	}
	text := linkingNotice[0].text
	if tag, err := language.Parse(asked); err == nil {
		base, _ := tag.Base()
		for _, n := range linkingNotice {
			if n.language == base.String() {
				text = n.text
			}
		}
	}
	return &OperationNotice{Text: text, Hash: noticeHash(r, text)}
}

// noticeHash binds the words to what the customer is about to do.
func noticeHash(r *OperationRequest, text string) string {
	parts := []string{text, string(r.Kind), valueOr(r.Account, ""), valueOr(r.To, ""), valueOr(r.Hold, ""), valueOr(r.Partner, "")}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// acknowledges says whether the hash is of the notice in one of its languages, or no notice is needed.
func acknowledges(r *OperationRequest, hash string) bool {
	if !slices.Contains(linkingKinds, r.Kind) {
		return true
	}
	for _, n := range linkingNotice {
		if noticeHash(r, n.text) == hash {
			return true
		}
	}
	return false
}
