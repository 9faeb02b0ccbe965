package detect

import (
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Redactor removes from a text what tells one machine or person from another:
// serial numbers, UUIDs, hardware and network addresses, names of hosts and
// users, home folders, container ids. What it removes is replaced by a word
// for its kind and a number, the same for the same value, so that two devices
// stay apart. It is safe for concurrent use.
type Redactor struct {
	names []secretName

	mu    sync.Mutex
	count map[string]int
	known map[string]string // kind and value -> what stands for it
}

type secretName struct{ name, kind string }

// commonNames are names of users and hosts that say nothing of anyone, and
// occur in the names of hardware.
var commonNames = []string{"root", "user", "users", "admin", "nobody", "ubuntu", "debian", "fedora", "runner", "docker", "jetson", "nvidia", "localhost", "localdomain", "none", "home", "linux", "darwin", "windows"}

// NewRedactor makes a redactor that knows these names of hosts and of users,
// besides the patterns that need no knowledge.
func NewRedactor(hosts, users []string) *Redactor {
	r := &Redactor{count: map[string]int{}, known: map[string]string{}}
	add := func(names []string, kind string) {
		for _, n := range names {
			n = strings.TrimSpace(n)
			if len(n) < 3 || slices.Contains(commonNames, strings.ToLower(n)) {
				continue
			}
			if !slices.ContainsFunc(r.names, func(s secretName) bool { return strings.EqualFold(s.name, n) }) {
				r.names = append(r.names, secretName{n, kind})
			}
		}
	}
	add(hosts, "host")
	add(users, "user")
	// The longest first: a full name before its first part.
	slices.SortStableFunc(r.names, func(a, b secretName) int { return len(b.name) - len(a.name) })
	return r
}

// SystemRedactor makes a redactor that knows the names of this machine and of
// the user that runs it.
func SystemRedactor() *Redactor {
	var hosts, users []string
	host := func(name string) {
		short, domain, _ := strings.Cut(name, ".")
		hosts = append(hosts, name, short)
		if strings.Contains(domain, ".") {
			hosts = append(hosts, domain)
		}
	}
	if h, err := os.Hostname(); err == nil {
		host(h)
	}
	for _, env := range []string{"HOSTNAME", "COMPUTERNAME", "USERDOMAIN"} {
		host(os.Getenv(env))
	}
	for _, env := range []string{"USER", "LOGNAME", "USERNAME", "SUDO_USER"} {
		users = append(users, os.Getenv(env))
	}
	if home, err := os.UserHomeDir(); err == nil && home != "" {
		users = append(users, filepath.Base(home))
	}
	if u, err := user.Current(); err == nil {
		name := u.Username
		if i := strings.LastIndexByte(name, '\\'); i >= 0 {
			hosts, name = append(hosts, name[:i]), name[i+1:]
		}
		users = append(users, name, u.Name)
	}
	return NewRedactor(hosts, users)
}

// pattern finds one kind of secret. The group named v is what is replaced.
type pattern struct {
	kind string
	re   *regexp.Regexp
	is   func(value string) bool // nil: always
}

const secretKey = `serial|uuid|udid|guid|unique[ _-]?id|asset[ _-]?(?:tag|no)|hive[ _-]?id|machine[ _-]?id|boot[ _-]?id|chip[ _-]?id|imei|licen[cs]e|token|password|secret`
const hostKey = `system ?name|csname|computer ?name|host ?name|node ?name|user ?name|owner`

var patterns = sync.OnceValue(func() []pattern {
	c := regexp.MustCompile
	keyed := func(keys string) *regexp.Regexp {
		return c(`(?i)(?:"[^"\n]*(?:` + keys + `)[^"\n]*"|[A-Za-z0-9 ()._/\[\]#-]*\b(?:[A-Za-z]*_)?(?:` + keys + `)[A-Za-z0-9 ()._\[\]-]*?)\s*[:=]\s*(?:"(?P<q>[^"\n]*)"|(?P<v>[^\s",;|}<>)][^\n",;|}<>)]*))`)
	}
	tagged := func(keys string) *regexp.Regexp {
		return c(`(?i)<[a-z_.]*(?:` + keys + `)[a-z_.]*>\s*(?P<v>[^<]*?)\s*</`)
	}
	return []pattern{
		{"uuid", c(`(?i)(?:\b|pod)(?P<v>(?:GPU-|MIG-)*[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})\b`), nil},
		{"serial", tagged(secretKey), notNothing},
		{"host", tagged(hostKey), notNothing},
		{"process", c(`(?i)<process_name>\s*(?P<v>[^<]*?)\s*</`), notNothing},
		{"serial", keyed(secretKey), notNothing},
		{"serial", c(`(?im)^\s*(?:unique_id|hive_id)\s+(?P<v>\d+)\s*$`), notNothing},
		{"host", keyed(hostKey), notNothing},
		{"mac", c(`(?i)(?:^|[^0-9a-f:.-])(?P<v>(?:[0-9a-f]{2}[:-]){5,7}[0-9a-f]{2})(?:$|[^0-9a-f:.-])`), nil},
		{"ip", c(`(?:^|[^0-9.])(?P<v>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:$|[^0-9.])`), isAddress},
		{"ip", c(`(?i)(?:^|[^0-9a-z:.])(?P<v>[0-9a-f:]{2,39}:[0-9a-f:]{1,39})(?:$|[^0-9a-z:.])`), isAddress},
		{"id", c(`(?i)\b(?P<v>[0-9a-f]{32,})\b`), nil},
		{"user", c(`(?i)(?:/home/|/Users/|\\Users\\|/var/home/)(?P<v>[^/\\\s"'<>:;,|]+)`), notNothing},
		{"mail", c(`(?P<v>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+)`), nil},
	}
})

// notNothing is true of a value that says something.
func notNothing(v string) bool {
	switch strings.ToLower(strings.Trim(v, "[] \t\r")) {
	case "", "0", "n/a", "none", "unknown", "not specified", "not supported", "null", "disabled", "enabled", "true", "false":
		return false
	}
	return !strings.HasPrefix(v, "<")
}

func isAddress(v string) bool {
	a, err := netip.ParseAddr(v)
	return err == nil && !a.IsUnspecified() && !a.IsLoopback()
}

// Clean returns a text without what identifies a machine or person.
func (r *Redactor) Clean(s string) string {
	for _, p := range patterns() {
		s = r.replace(s, &p)
	}
	for _, n := range r.names {
		s = r.replaceWord(s, n)
	}
	return s
}

// replace puts a stand-in for every value that a pattern finds.
func (r *Redactor) replace(s string, p *pattern) string {
	var out strings.Builder
	v, q := p.re.SubexpIndex("v"), p.re.SubexpIndex("q")
	from := 0
	for from <= len(s) {
		m := p.re.FindStringSubmatchIndex(s[from:])
		if m == nil {
			break
		}
		lo, hi := m[2*v], m[2*v+1]
		if lo < 0 && q > 0 {
			lo, hi = m[2*q], m[2*q+1]
		}
		if lo < 0 {
			lo, hi = m[1], m[1]
		}
		value := strings.TrimRight(s[from+lo:from+hi], " \t\r")
		hi = lo + len(value)
		out.WriteString(s[from : from+lo])
		if p.is == nil || p.is(value) {
			out.WriteString(r.standIn(p.kind, value))
		} else {
			out.WriteString(value)
		}
		if hi == 0 { // an empty match at the start: step on
			if from == len(s) {
				break
			}
			out.WriteByte(s[from])
			hi = 1
		}
		from += hi
	}
	if from < len(s) {
		out.WriteString(s[from:])
	}
	return out.String()
}

// replaceWord replaces a name where it stands alone, in any case.
func (r *Redactor) replaceWord(s string, n secretName) string {
	lower, name := asciiLower(s), asciiLower(n.name)
	var out strings.Builder
	from := 0
	for at := 0; ; {
		i := strings.Index(lower[at:], name)
		if i < 0 {
			break
		}
		i += at
		end := i + len(name)
		at = end
		if i > 0 && isWordByte(lower[i-1]) || end < len(lower) && isWordByte(lower[end]) || i > 0 && lower[i-1] == '<' {
			continue
		}
		out.WriteString(s[from:i])
		out.WriteString(r.standIn(n.kind, name))
		from = end
	}
	out.WriteString(s[from:])
	return out.String()
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80
}

// asciiLower keeps the length of every byte sequence, valid or not.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// standIn names a value by its kind and number.
func (r *Redactor) standIn(kind, value string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := kind + "\x00" + asciiLower(value)
	if s, ok := r.known[key]; ok {
		return s
	}
	r.count[kind]++
	s := "<" + kind + " " + strconv.Itoa(r.count[kind]) + ">"
	r.known[key] = s
	return s
}

// answer cleans the answer to a question. Of files that hold much that is
// nobody's business only what detection reads is kept.
func (r *Redactor) answer(q *Question) string {
	text := string(q.answer)
	text = strings.TrimRight(strings.ReplaceAll(text, "\x00", "\n"), "\n \t\r")
	if q.Kind == "file" {
		switch path.Base(q.What) {
		case "cmdline":
			text = keepWords(text, "ttm.", "amdttm.", "amdgpu.", "i915.", "xe.", "nvidia", "mem=", "hugepages", "default_hugepagesz", "isolcpus", "nosmt", "maxcpus")
		case "mountinfo":
			text = keepLines(text, " - cgroup")
		case "status":
			text = keepLines(text, "Cpus_allowed_list", "Mems_allowed_list")
		case "environ":
			text = ""
		}
	}
	return r.Clean(cleanColumns(text))
}

func keepWords(s string, prefixes ...string) string {
	var kept []string
	left := 0
	for _, w := range strings.Fields(s) {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(w, p) }) {
			kept = append(kept, w)
		} else {
			left++
		}
	}
	if left > 0 {
		kept = append(kept, fmt.Sprintf("(%d others)", left))
	}
	return strings.Join(kept, " ")
}

func keepLines(s string, parts ...string) string {
	var kept []string
	for line := range strings.Lines(s) {
		if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(line, p) }) {
			kept = append(kept, strings.TrimRight(line, "\n"))
		}
	}
	return strings.Join(kept, "\n")
}

var secretColumn = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)` + secretKey) })

// cleanColumns removes the columns of a table of comma-separated values whose
// heading names a secret.
func cleanColumns(s string) string {
	head, rest, ok := strings.Cut(s, "\n")
	if !ok || strings.Count(head, ",") < 2 || !secretColumn().MatchString(head) {
		return s
	}
	names := strings.Split(head, ",")
	var out strings.Builder
	out.WriteString(head + "\n")
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.TrimRight(line, "\n"), ",")
		for i := range cells {
			// A quoted comma shifts the cells: then all behind the first
			// secret go.
			if i < len(names) && secretColumn().MatchString(names[i]) || len(cells) != len(names) {
				cells[i] = " <removed>"
			}
		}
		out.WriteString(strings.Join(cells, ",") + "\n")
	}
	return strings.TrimRight(out.String(), "\n")
}
