package names

// distance computes Levenshtein distances, reusing its row.
type distance struct{ row []int }

// between gives the edit distance of a and b (insertions, deletions and
// substitutions of one byte), or limit+1 once it is certain to exceed limit.
func (d *distance) between(a, b []byte, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	if cap(d.row) < len(b)+1 {
		d.row = make([]int, len(b)+1)
	}
	row := d.row[:len(b)+1]
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal, least := row[0], i+1
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
			least = min(least, cost)
		}
		if least > limit {
			return limit + 1
		}
	}
	return min(row[len(b)], limit+1)
}
