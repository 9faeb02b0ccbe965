package names

// noise are words that vendors and drivers put around a product's name and
// that never tell two products apart.
func noise(token []byte) bool {
	switch string(token) {
	case "nvidia", "geforce", "amd", "ati", "radeon", "intel", "apple", "qualcomm", "google", "rockchip",
		"tesla", "corporation", "corp", "inc", "ltd",
		"graphics", "card", "gpu", "processor", "cpu", "soc", "desktop",
		"gguf", "hf", "safetensors":
		return true
	}
	return false
}

// Normalize writes a name in one canonical spelling: lower case, tokens
// joined by "-", without trade marks, vendor prefixes, marketing words and
// the organisation of a hub name ("meta-llama/…"). A dot between digits stays
// ("llama-3.1"), a "+" that ends a word becomes the word "plus". It is
// idempotent. A name made of nothing but noise keeps its words.
func Normalize(name string) string {
	return string(appendNormal(nil, name, true))
}

// appendNormal appends the canonical spelling of name to dst; dropNoise says
// whether vendor and marketing words go.
func appendNormal(dst []byte, name string, dropNoise bool) []byte {
	if i := hubSlash(name); dropNoise && i >= 0 {
		name = name[i+1:]
	}
	start := len(dst)
	tokenStart := start
	endToken := func() {
		if len(dst) > tokenStart && !(dropNoise && noise(dst[tokenStart:])) {
			dst = append(dst, '-')
			tokenStart = len(dst)
			return
		}
		dst = dst[:tokenStart]
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if n := tradeMark(name[i:]); n > 0 {
			endToken()
			i += n - 1
			continue
		}
		switch {
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c+'a'-'A')
		case alnum(c):
			dst = append(dst, c)
		case c == '.' && i > 0 && i+1 < len(name) && digit(name[i-1]) && digit(name[i+1]):
			dst = append(dst, c)
		case c == '+' && i > 0 && alnumAny(name[i-1]):
			endToken()
			dst = append(dst, "plus"...)
			endToken()
		default:
			endToken()
		}
	}
	endToken()
	if len(dst) > start { // the separator after the last token
		return dst[:len(dst)-1]
	}
	if dropNoise {
		return appendNormal(dst, name, false)
	}
	return dst
}

// hubSlash gives the place of the one slash of an "organisation/name", or -1.
func hubSlash(name string) int {
	at := -1
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '/':
			if at >= 0 || i == 0 || i == len(name)-1 {
				return -1
			}
			at = i
		case c == ' ' || c == '(' || c == '\\':
			return -1
		}
	}
	return at
}

// tradeMark gives the length of a "(R)", "(TM)" or "(C)" at the start of s.
func tradeMark(s string) int {
	if len(s) < 3 || s[0] != '(' {
		return 0
	}
	switch {
	case s[2] == ')' && (s[1]|0x20 == 'r' || s[1]|0x20 == 'c'):
		return 3
	case len(s) >= 4 && s[3] == ')' && s[1]|0x20 == 't' && s[2]|0x20 == 'm':
		return 4
	}
	return 0
}

func digit(c byte) bool    { return c >= '0' && c <= '9' }
func alnum(c byte) bool    { return digit(c) || c >= 'a' && c <= 'z' }
func alnumAny(c byte) bool { return alnum(c) || c >= 'A' && c <= 'Z' }

// sizeToken says whether a token is a memory size ("24gb").
func sizeToken(t []byte) bool {
	i := 0
	for i < len(t) && (digit(t[i]) || t[i] == '.') {
		i++
	}
	return i > 0 && (string(t[i:]) == "gb" || string(t[i:]) == "g" || string(t[i:]) == "gib")
}

// sameCompact says whether a and b are equal when "-" and "." are left out.
func sameCompact(a, b []byte) bool {
	rest, ok := cutCompact(a, b)
	return ok && len(rest) == 0
}

// cutCompact cuts prefix from the front of s, both read without "-" and ".".
func cutCompact(s, prefix []byte) (rest []byte, ok bool) {
	i := 0
	for _, p := range prefix {
		if p == '-' || p == '.' {
			continue
		}
		for i < len(s) && (s[i] == '-' || s[i] == '.') {
			i++
		}
		if i == len(s) || s[i] != p {
			return nil, false
		}
		i++
	}
	if i < len(s) && s[i] == '.' { // never cut inside a number
		return nil, false
	}
	return s[i:], true
}
