package main

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// stripOptions drops what neither the wire nor JSON depends on: the options that name languages and packages, and the
// custom ones (validation rules, version and security notes), which would pull in the files that define them. What
// changes encoding (packed) or tells a reader something (deprecated) is not custom, and stays.
func stripOptions(file *descriptorpb.FileDescriptorProto) {
	file.Options = nil
	for _, message := range file.MessageType {
		stripMessage(message)
	}
	for _, enum := range file.EnumType {
		stripEnum(enum)
	}
	for _, service := range file.Service {
		service.Options = withoutCustom(service.Options)
		for _, method := range service.Method {
			method.Options = withoutCustom(method.Options)
		}
	}
}

func stripMessage(message *descriptorpb.DescriptorProto) {
	message.Options = withoutCustom(message.Options)
	for _, field := range message.Field {
		field.Options = withoutCustom(field.Options)
	}
	for _, oneof := range message.OneofDecl {
		oneof.Options = withoutCustom(oneof.Options)
	}
	for _, nested := range message.NestedType {
		stripMessage(nested)
	}
	for _, enum := range message.EnumType {
		stripEnum(enum)
	}
}

func stripEnum(enum *descriptorpb.EnumDescriptorProto) {
	enum.Options = withoutCustom(enum.Options)
	for _, value := range enum.Value {
		value.Options = withoutCustom(value.Options)
	}
}

// withoutCustom returns a copy without extensions and unknown fields, or nil when nothing is left: the original
// belongs to the registry, which everybody in the process shares.
func withoutCustom[Options proto.Message](options Options) Options {
	var none Options
	if !options.ProtoReflect().IsValid() {
		return none
	}
	copied, _ := proto.Clone(options).(Options)
	reflected := copied.ProtoReflect()
	reflected.SetUnknown(nil)
	reflected.Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if field.IsExtension() {
			reflected.Clear(field)
		}
		return true
	})
	if proto.Size(copied) == 0 {
		return none
	}
	return copied
}

// usedFiles returns the other files whose types occur in fields and methods of a file, by name: with the custom
// options gone, its import list says too much.
func usedFiles(file protoreflect.FileDescriptor) []protoreflect.FileDescriptor {
	used := map[string]protoreflect.FileDescriptor{}
	use := func(descriptor protoreflect.Descriptor) {
		if owner := descriptor.ParentFile(); owner.Path() != file.Path() {
			used[owner.Path()] = owner
		}
	}
	visitMessages(file.Messages(), use)
	for i := range file.Services().Len() {
		methods := file.Services().Get(i).Methods()
		for j := range methods.Len() {
			use(methods.Get(j).Input())
			use(methods.Get(j).Output())
		}
	}
	var files []protoreflect.FileDescriptor
	for _, owner := range used {
		files = append(files, owner)
	}
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })
	return files
}

func visitMessages(messages protoreflect.MessageDescriptors, use func(protoreflect.Descriptor)) {
	for i := range messages.Len() {
		fields := messages.Get(i).Fields()
		for j := range fields.Len() {
			if message := fields.Get(j).Message(); message != nil {
				use(message)
			}
			if enum := fields.Get(j).Enum(); enum != nil {
				use(enum)
			}
		}
		visitMessages(messages.Get(i).Messages(), use)
	}
}
