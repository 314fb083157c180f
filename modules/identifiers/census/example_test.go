package census_test

import (
	"fmt"

	"yuzhou/modules/identifiers/census"
)

// A node states the head of its identifiers; whoever has that head can check an answer.
func Example() {
	var tree census.Tree
	for _, key := range []string{"88.118.2/GB-1", "88.118.2/GB-2", "88.118.3/X"} {
		if err := tree.Put(census.Leaf{Key: []byte(key)}); err != nil {
			fmt.Println(err)
		}
	}
	stated := tree.Head()

	want := []byte("88.118.2/GB-7")
	pruned, err := tree.Prune(census.Want{Keys: [][]byte{want}, Prefixes: [][]byte{[]byte("88.118.2/")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	proof := pruned.Append(nil)

	_, shown, err := census.Verify(proof, stated, want)
	fmt.Println(shown, err)
	received, err := census.Parse(proof)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range received.CheckReports(stated, []census.Report{{Prefix: []byte("88.118.2/"), Counts: census.Counts{Registered: 20}}}) {
		fmt.Println(f.Text)
	}
	// Output:
	// absent <nil>
	// of "88.118.2/" stated are 20 registered, shown are 2
}
