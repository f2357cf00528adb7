package host

// Page is how a list operation's input asks for a part of the list; embed it.
type Page struct {
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items at most"`
	After string `query:"after" maxLength:"128" doc:"The cursor that the page before ended with; empty for the first page"`
}

// List is the body of a list operation.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"The cursor of the next page; empty on the last one"`
}

// Paged makes a page out of up to limit+1 rows: a store is asked for one more
// than the limit, and whether it came tells whether there is a next page.
func Paged[Row, T any](rows []Row, limit int, cursor func(Row) string, view func(Row) T) List[T] {
	list := List[T]{Items: make([]T, 0, min(len(rows), limit))}
	for i, row := range rows {
		if i == limit {
			list.Next = cursor(rows[i-1])
			break
		}
		list.Items = append(list.Items, view(row))
	}
	return list
}
