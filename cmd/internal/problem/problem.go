package problem

import (
	"encoding/json"
	"errors"
	"strings"
)

// Exit codes, the same for every command. Over many scenarios the highest
// of Internal > Usage > No > Yes wins.
const (
	ExitYes         = 0   // the answer is yes
	ExitNo          = 1   // the answer is no
	ExitUsage       = 2   // the request is wrong
	ExitInternal    = 3   // something failed on our side
	ExitInterrupted = 130 // SIGINT
)

// Codes are stable names for machines to go by.
const (
	Usage         = "usage"
	BadValue      = "bad_value"
	Contradiction = "contradiction"
	UnknownModel  = "unknown_model"
	UnknownHW     = "unknown_hardware"
	UnknownEngine = "unknown_engine"
	UnknownFormat = "unknown_format"
	BadFile       = "bad_file"
	BadScenario   = "bad_scenario"
	BadRequire    = "bad_requirement"
	NotEstimable  = "not_estimable"
	NotEmitted    = "not_emitted"
	WriteFailed   = "write_failed"
	Internal      = "internal"
	Interrupted   = "interrupted"
)

// Error is one problem. Message says what is wrong (and, where lower layers
// already wrote a full line, everything); Where and Hint may be empty.
type Error struct {
	Exit    int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Where   string `json:"where,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// Error gives "what: where: remedy" on one line.
func (e *Error) Error() string {
	parts := make([]string, 0, 3)
	for _, p := range []string{e.Message, e.Where, e.Hint} {
		if p != "" {
			parts = append(parts, OneLine(p))
		}
	}
	return strings.Join(parts, ": ")
}

// JSON gives the error as one JSON object on one line, with a newline.
func (e *Error) JSON() []byte {
	b, err := json.Marshal(struct {
		Error *Error `json:"error"`
	}{e})
	if err != nil { // strings only: cannot happen
		return []byte("{\"error\":{\"code\":\"internal\"}}\n")
	}
	return append(b, '\n')
}

// Wrong reports a wrong request (exit code 2).
func Wrong(code, message, where, hint string) *Error {
	return &Error{Exit: ExitUsage, Code: code, Message: message, Where: where, Hint: hint}
}

// From makes any error a problem; those that are none yet are wrong requests
// with the given code, for lower layers fail on their input.
func From(code string, err error) *Error {
	if err == nil {
		return nil
	}
	var p *Error
	if errors.As(err, &p) {
		return p
	}
	return &Error{Exit: ExitUsage, Code: code, Message: OneLine(err.Error())}
}

// Failed reports a failure of our own (exit code 3).
func Failed(message string) *Error {
	return &Error{Exit: ExitInternal, Code: Internal, Message: message,
		Hint: "this is a defect of plimsoll; please report it with the command line"}
}

// Worse returns the exit code that wins over several scenarios.
func Worse(a, b int) int { return max(a, b) }

// OneLine folds control characters, so that hostile names cannot break the
// one-line promise or drive a terminal, and cuts absurd lengths.
func OneLine(s string) string {
	const limit = 600
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
	if len(clean) > limit {
		cut := limit
		for cut > 0 && clean[cut]&0xC0 == 0x80 {
			cut--
		}
		clean = clean[:cut] + "…"
	}
	return clean
}
