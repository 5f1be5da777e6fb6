package clearing

// MaxWindow bounds the windows of a currency: one a minute for 1,900 years.
const MaxWindow = 999_999_999

// WindowPointer names the window that is open. Every cross-brand operation reads it, and only OpenClearing and RollWindow write it: nothing else may stop traffic.
type WindowPointer struct {
	V        int    `json:"v"` // Record version, 1.
	Currency string `json:"currency"`
	Number   int64  `json:"number"` // 1 or more.
}
