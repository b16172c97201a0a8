#pragma once
// Bytes of the messages between members: what the frame member_message carries (wire/repl). Fields in declared order: integers
// little-endian in their width, bool and enums one byte, strings and lists with a u32 count. Pure.
//
// I1 decode(encode(m)) == m in every field. Other bytes (short, long, unknown kind or enum value) are errc::protocol.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "replication/ha/messages.hpp"

namespace helios::replication::ha {

/// What the durable record can keep as lines of words: an id of letters, digits, _ and -, a contact without control characters.
bool is_writable(const member_entry& m);
/// A list of members alone, as the state of a node carries it to those that are no members.
std::string encode(const membership& m);
result<membership> decode_membership(std::string_view bytes);

std::string encode(const message& m);
result<message> decode_message(std::string_view bytes);

}  // namespace helios::replication::ha
