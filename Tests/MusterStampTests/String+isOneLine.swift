extension String {
    var isOneLine: Bool { !contains(where: \.isNewline) }
}
