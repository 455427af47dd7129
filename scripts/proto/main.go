// Command descriptors writes the protobuf descriptors of the packages in packages.go, and of the files that
// their fields refer to, as a FileDescriptorSet: every file after the files that it imports.
//
// The Go modules carry each .proto file as a compiled descriptor, so no .proto file, no import path and no protoc
// is needed, and the version in go.mod is the version of Envoy.
package main

import (
	_ "embed"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

//go:embed packages.go
var packagesSource string

const goModule = "github.com/envoyproxy/go-control-plane/"

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: descriptors FILE"))
	}
	folders, err := wantedFolders()
	fail(err)

	collected := &collector{seen: map[string]bool{}}
	for _, folder := range folders {
		files := filesIn(folder)
		if len(files) == 0 {
			fail(fmt.Errorf("%s registers no .proto file: correct its line in packages.go", folder))
		}
		for _, file := range files {
			collected.add(file)
		}
	}

	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(&descriptorpb.FileDescriptorSet{File: collected.files})
	fail(err)
	fail(os.WriteFile(os.Args[1], bytes, 0o644))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "descriptors:", err)
		os.Exit(1)
	}
}

// wantedFolders reads the import lines of packages.go: go-control-plane keeps a folder for each folder of .proto files.
func wantedFolders() ([]string, error) {
	source, err := parser.ParseFile(token.NewFileSet(), "packages.go", packagesSource, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, line := range source.Imports {
		name, err := strconv.Unquote(line.Path.Value)
		if err != nil {
			return nil, err
		}
		folders = append(folders, strings.TrimPrefix(name, goModule))
	}
	return folders, nil
}

// filesIn returns the registered files of one folder by name, so that the output does not depend on Go's map order.
func filesIn(folder string) []protoreflect.FileDescriptor {
	var files []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if path.Dir(file.Path()) == folder {
			files = append(files, file)
		}
		return true
	})
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })
	return files
}

type collector struct {
	seen  map[string]bool
	files []*descriptorpb.FileDescriptorProto
}

// add appends a file after everything that it imports.
func (c *collector) add(file protoreflect.FileDescriptor) {
	if c.seen[file.Path()] {
		return
	}
	c.seen[file.Path()] = true
	slim := protodesc.ToFileDescriptorProto(file)
	stripOptions(slim)
	slim.PublicDependency, slim.WeakDependency = nil, nil
	slim.Dependency = nil
	for _, used := range usedFiles(file) {
		slim.Dependency = append(slim.Dependency, used.Path())
		c.add(used)
	}
	c.files = append(c.files, slim)
}
