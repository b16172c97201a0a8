#include "replication/ha/message_codec.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace helios::replication::ha {
namespace {

const lease_id lease{node_id{"node-1"}, 0xfedcba9876543210u, epoch{7}};
const config_record config{epoch{7}, 12, node_id{"node-1"}, {node_id{"node-2"}, node_id{"node-3"}}, 1};
const data_facts facts{true, sync_mode::semi_sync, 50, {{epoch{6}, lsn{1234567}}, false}};

std::vector<message> one_of_each() {
  const std::vector<message_body> bodies = {
      heartbeat{42, node_id{"node-1"}, epoch{7}, true, facts},
      renewal{lease, 99},
      renewal_granted{lease, 99},
      pre_vote{3, lease, true},
      pre_vote_reply{3, true, -5, epoch{8}, config, facts, "the leader is heard"},
      recruit{epoch{8}, lease, true},
      promise{epoch{8}, config, facts},
      refusal{epoch{8}, epoch{9}, 1500, "a higher epoch"},
      publish{config},
      published{epoch{7}, 12},
      new_leader{epoch{8}, 42, true},
      release{lease, node_id{"node-2"}},
      nominate{epoch{8}},
      handover{epoch{8}, lsn{77}},
      handover_ready{epoch{8}, lsn{77}},
      maintenance{{9, true}},
      take_over{epoch{8}},
      take_over_refused{"write transactions did not end in time"},
  };
  std::vector<message> out;
  for (const auto& b : bodies) out.push_back({epoch{out.size() + 1}, b});
  return out;
}

}  // namespace

TEST_CASE("every kind of message comes back from its bytes") {
  const auto all = one_of_each();
  REQUIRE(all.size() == std::variant_size_v<message_body>);
  for (const auto& m : all) {
    CAPTURE(name_of(m.body));
    const auto bytes = encode(m);
    const auto back = decode_message(bytes);
    REQUIRE(back.ok());
    CHECK(back->highest == m.highest);
    CHECK(back->body.index() == m.body.index());
    CHECK(encode(*back) == bytes);
  }
  const auto vote = std::get<pre_vote_reply>(decode_message(encode(all[4]))->body);
  CHECK(vote.yes);
  CHECK(vote.retry_after_us == -5);
  CHECK(vote.config == config);
  CHECK(vote.data == facts);
  CHECK(vote.reason == "the leader is heard");
}

TEST_CASE("a changed list of members goes along with any message") {
  message m{epoch{3}, nominate{epoch{2}}, {{epoch{2}, 5}, {{node_id{"node-1"}, true, true, "10.0.0.1 5432 5433 8080"}, {node_id{"w"}, false, true}}}};
  const auto back = decode_message(encode(m));
  REQUIRE(back.ok());
  CHECK(back->members == m.members);
  const auto bytes = encode(m);
  for (std::size_t n = 0; n < bytes.size(); ++n) CHECK(!decode_message(std::string_view(bytes).substr(0, n)).ok());
}

TEST_CASE("a list of members that the record could not hold is refused") {
  const auto refuses = [](member_entry m) { return !decode_membership(encode(membership{{epoch{1}, 1}, {std::move(m)}})).ok(); };
  CHECK(!refuses({node_id{"a_B-1"}, true, false, "host 1 2 3"}));
  CHECK(refuses({node_id{"a b"}, true, true}));
  CHECK(refuses({node_id{""}, true, true}));
  CHECK(refuses({node_id{"a"}, true, true, "host\nmember evil data votes x"}));
  CHECK(!decode_membership(encode(membership{{epoch{1}, 1}, std::vector<member_entry>(members_max + 1, {node_id{"a"}})})).ok());
}

TEST_CASE("a message that is cut or goes on is refused") {
  for (const auto& m : one_of_each()) {
    CAPTURE(name_of(m.body));
    const auto bytes = encode(m);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      const auto cut = decode_message(std::string_view(bytes).substr(0, n));
      REQUIRE(!cut.ok());
      CHECK(cut.failure().code == errc::protocol);
    }
    CHECK(!decode_message(bytes + "x").ok());
  }
}

TEST_CASE("an unknown kind, mode or flag is refused") {
  auto bytes = encode(one_of_each()[0]);
  auto unknown_kind = bytes;
  unknown_kind[0] = static_cast<char>(std::variant_size_v<message_body>);
  CHECK(!decode_message(unknown_kind).ok());
  // heartbeat: kind, epoch, no members, incarnation, leader (length and 6 bytes), leader epoch, then `open`.
  constexpr std::size_t open_at = 1 + 8 + 4 + 8 + 4 + 6 + 8;
  auto flag = bytes;
  REQUIRE(flag[open_at] == '\1');
  flag[open_at] = '\2';
  CHECK(!decode_message(flag).ok());
  auto mode = bytes;
  mode[open_at + 2] = '\3';
  CHECK(!decode_message(mode).ok());
}

TEST_CASE("a count of names beyond the message's end is refused, whatever it claims") {
  auto bytes = encode({epoch{1}, publish{config}});
  // publish: kind, epoch, no members, then number, version, leader (length and 6 bytes), and the count of members.
  constexpr std::size_t count_at = 1 + 8 + 4 + 8 + 8 + 4 + 6;
  REQUIRE(bytes[count_at] == '\2');
  for (std::size_t i = 0; i < 4; ++i) bytes[count_at + i] = '\xff';
  CHECK(!decode_message(bytes).ok());
}

}  // namespace helios::replication::ha
