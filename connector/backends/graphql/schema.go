package graphql

import (
	"context"
	_ "embed"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed schema.graphql
var schemaText string

// service executes operations of the schema. It is made by hand, as for gqlgen's own
// tests of its transports: what gqlgen generates for these three fields has 2500 lines,
// and the transport, which is what clients meet, is the same.
type service struct {
	schema *ast.Schema
	news   *news
}

func newService(n *news) (*service, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
	if err != nil {
		return nil, err
	}
	return &service{schema, n}, nil
}

// Schema returns the schema that operations are validated against.
func (s *service) Schema() *ast.Schema { return s.schema }

// Complexity says that no field has one of its own.
func (s *service) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec begins an operation, which the executor has validated.
func (s *service) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, nil)
	if op.Operation.Operation == ast.Subscription {
		heard := s.news.listen(ctx)
		return func(ctx context.Context) *graphql.Response {
			select {
			case text := <-heard:
				return respond(map[string]string{fields[0].Alias: text})
			case <-ctx.Done():
				return nil
			}
		}
	}
	data := make(map[string]string)
	for _, field := range fields {
		text, _ := field.ArgumentMap(op.Variables)["text"].(string)
		switch {
		case field.Name == "__typename":
			text = field.ObjectDefinition.Name
		case text == "":
			return graphql.OneShot(graphql.ErrorResponse(ctx, "%s: the text is empty", field.Name))
		case field.Name == "say":
			s.news.tell(text)
		}
		data[field.Alias] = text
	}
	return graphql.OneShot(respond(data))
}

func respond(data map[string]string) *graphql.Response {
	text, _ := json.Marshal(data) // strings always encode
	return &graphql.Response{Data: text}
}
