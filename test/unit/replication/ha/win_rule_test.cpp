#include "replication/ha/win_rule.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "ha_fixture.hpp"

using namespace helios;
using namespace helios::testing;
using kind = ha::win_verdict::kind;

namespace {

const node_id d{"d"};

ha::recruited data(const node_id& id, std::uint64_t last_epoch, std::uint64_t flushed, ha::config_record config = {},
                   sync_mode mode = sync_mode::sync) {
  return {id, std::move(config), {true, mode, 100, {{epoch{last_epoch}, lsn{flushed}}, true}}};
}
ha::recruited witness(ha::config_record config = {}) { return {w, std::move(config), {}}; }

ha::config_record config(std::uint64_t number, const node_id& leader, std::vector<node_id> members, std::uint32_t acks) {
  return {epoch{number}, 1, leader, std::move(members), acks};
}

}  // namespace

TEST_CASE("a quorum of voters is needed") {
  const auto o = two_and_witness(b);
  const auto cfg = config(1, a, {b}, 1);
  CHECK(ha::judge_promises(o, {data(b, 1, 50, cfg)}, {}).what == kind::undecided);
  CHECK(ha::judge_promises(o, {data(b, 1, 50, cfg), witness()}, {}).what == kind::won);
}

TEST_CASE("a data node without a vote counts for the cover and not for the quorum") {
  auto o = two_and_witness(b);
  o.members.push_back({c, true, false});
  const auto cfg = config(1, a, {b, c}, 1);
  CHECK(ha::judge_promises(o, {data(b, 1, 50, cfg), data(c, 1, 50)}, {}).what == kind::undecided);
  CHECK(ha::judge_promises(o, {data(b, 1, 50, cfg), data(c, 1, 50), witness()}, {}).what == kind::won);
}

TEST_CASE("the recruited must meet every set that could have acknowledged") {
  auto o = three_data_nodes(b);
  o.members.push_back({d, true, true});
  o.members.push_back({w, false, true});
  const auto one_of_two = config(1, a, {b, c}, 1);
  CHECK(!ha::covers(one_of_two, {data(b, 1, 50)}, o));
  CHECK(ha::covers(one_of_two, {data(b, 1, 50), data(c, 1, 50)}, o));
  const auto two_of_two = config(1, a, {b, c}, 2);
  CHECK(ha::covers(two_of_two, {data(c, 1, 50)}, o));
  CHECK(!ha::covers(two_of_two, {data(d, 1, 50)}, o));
}

TEST_CASE("the old leader covers everything alone") {
  const auto o = three_data_nodes(b);
  CHECK(ha::covers(config(1, a, {b, c}, 1), {data(a, 1, 50)}, o));
  CHECK(ha::covers(config(1, a, {}, 0), {data(a, 1, 50)}, o));
}

TEST_CASE("without acknowledgements only the old leader covers") {
  const auto o = three_data_nodes(b);
  CHECK(!ha::covers(config(1, a, {}, 0), {data(b, 1, 50), data(c, 1, 50)}, o));
}

TEST_CASE("before any config, only the first primary covers") {
  const auto o = three_data_nodes(b);
  CHECK(!ha::covers({}, {data(b, 0, 0), data(c, 0, 0)}, o));
  CHECK(ha::covers({}, {data(a, 0, 0)}, o));
}

TEST_CASE("a store that is being replaced covers nothing") {
  const auto o = three_data_nodes(b);
  auto replaced = data(b, 1, 50);
  replaced.data.log.complete = false;
  CHECK(!ha::covers(config(1, a, {b}, 1), {replaced, data(c, 1, 50)}, o));
}

TEST_CASE("the latest config decides, by epoch before version") {
  const auto o = three_data_nodes(b);
  auto old = config(1, a, {b}, 1);
  old.version = 9;
  const auto next = config(2, c, {}, 0);
  const auto v = ha::judge_promises(o, {data(a, 2, 50, old), data(b, 2, 50, next)}, {});
  CHECK(v.latest == next);
  CHECK(v.what == kind::undecided);
}

TEST_CASE("whoever of R has more log leads: a newer epoch before a greater length") {
  const auto o = three_data_nodes(b);
  const auto cfg = config(2, a, {b, c}, 1);
  auto v = ha::judge_promises(o, {data(b, 2, 50, cfg), data(c, 2, 51, cfg)}, {});
  CHECK(v.what == kind::outdone);
  CHECK(v.better == c);
  CHECK(ha::judge_promises(o, {data(b, 2, 50, cfg), data(c, 1, 99, cfg)}, {}).what == kind::won);
}

TEST_CASE("a longer log outside R does not keep the covered candidate from leading") {
  const auto o = three_data_nodes(b);
  const auto cfg = config(1, a, {b}, 1);
  CHECK(ha::judge_promises(o, {data(b, 1, 50, cfg), data(c, 1, 60, cfg, sync_mode::async)}, {}).what == kind::won);
}

TEST_CASE("by hand an uncovered candidate leads, and the verdict says so") {
  const auto o = three_data_nodes(c);
  const auto cfg = config(1, a, {b}, 1);
  ha::win_terms terms;
  CHECK(ha::judge_promises(o, {data(c, 1, 10, cfg), data(b, 1, 50, cfg)}, terms).what == kind::outdone);
  terms.accept_data_loss = true;
  const auto v = ha::judge_promises(o, {data(c, 1, 10, cfg), data(b, 1, 50, cfg)}, terms);
  CHECK(v.what == kind::won);
  CHECK(!v.covered);
}

TEST_CASE("the quorum is waived by hand and in manual mode only") {
  auto o = three_data_nodes(b);
  const ha::win_terms terms{true, true, {}};
  CHECK(ha::judge_promises(o, {data(b, 1, 10)}, terms).what == kind::undecided);
  o.mode = ha::failover_mode::manual;
  CHECK(ha::judge_promises(o, {data(b, 1, 10)}, terms).what == kind::won);
}

TEST_CASE("in manual mode, under the policy strict, all but a lost leader suffice, and nobody else is missing") {
  auto o = two_and_witness(b);
  o.members = {{a, true, true}, {b, true, true}};
  const auto cfg = config(1, a, {b}, 1);
  CHECK(ha::judge_promises(o, {data(b, 1, 10, cfg)}, {}).what == kind::undecided);
  o.mode = ha::failover_mode::manual;
  // Under `available` a may have left its cohort and acknowledged alone.
  CHECK(ha::judge_promises(o, {data(b, 1, 10, cfg)}, {}).what == kind::undecided);
  o.strict = true;
  CHECK(ha::judge_promises(o, {data(b, 1, 10, cfg)}, {}).what == kind::won);
  CHECK(ha::judge_promises(o, {data(b, 1, 10, config(1, a, {}, 0))}, {}).what == kind::undecided);
  o.members = {{a, true, true}, {b, true, true}, {c, true, true}, {w, false, true}};
  CHECK(ha::judge_promises(o, {data(b, 1, 10, cfg), data(c, 1, 10, cfg)}, {}).what == kind::undecided);
}

TEST_CASE("a primary that takes its lead back does so only if nobody has led since") {
  auto o = three_data_nodes(a);
  o.mode = ha::failover_mode::manual;
  const ha::win_terms terms{false, false, {}, true};
  CHECK(ha::judge_promises(o, {data(a, 1, 10, config(1, a, {b}, 1)), data(c, 1, 10)}, terms).what == kind::won);
  const auto v = ha::judge_promises(o, {data(a, 1, 10, config(1, a, {b}, 1)), data(b, 2, 10, config(2, b, {a}, 1))}, terms);
  CHECK(v.what == kind::undecided);
  CHECK(v.reason == "b has led since");
}

TEST_CASE("a lag policy lets an async node lead within its bound") {
  auto o = three_data_nodes(c);
  o.own_mode = sync_mode::async;
  const auto cfg = config(1, a, {}, 0);
  ha::win_terms terms;
  terms.leader_end = lsn{150};
  const std::vector<ha::recruited> promises{data(b, 1, 60, cfg, sync_mode::async), data(c, 1, 100, cfg, sync_mode::async)};
  CHECK(ha::judge_promises(o, promises, terms).what == kind::undecided);
  o.async_lag_bytes_max = 49;
  CHECK(ha::judge_promises(o, promises, terms).what == kind::undecided);
  o.async_lag_bytes_max = 50;
  const auto v = ha::judge_promises(o, promises, terms);
  CHECK(v.what == kind::won);
  CHECK(!v.covered);
}

TEST_CASE("every possible acknowledgement set is met, for all sizes and all choices") {
  auto o = three_data_nodes(a);
  const std::vector<node_id> s{b, c, d, node_id{"e"}};
  for (unsigned members = 1; members <= s.size(); ++members) {
    for (std::uint32_t k = 1; k <= members; ++k) {
      const auto cfg = config(1, node_id{"z"}, {s.begin(), s.begin() + members}, k);
      for (unsigned chosen = 0; chosen < (1U << members); ++chosen) {
        std::vector<ha::recruited> r;
        for (unsigned i = 0; i < members; ++i)
          if (chosen & (1U << i)) r.push_back(data(s[i], 1, 10));
        bool meets_all = true;
        for (unsigned acks = 0; acks < (1U << members); ++acks)
          if (__builtin_popcount(acks) == static_cast<int>(k)) meets_all = meets_all && (acks & chosen) != 0;
        CHECK(ha::covers(cfg, r, o) == meets_all);
      }
    }
  }
}

TEST_CASE("the first cohort of an epoch: sync nodes that are there, else semi-sync ones") {
  auto o = three_data_nodes(a);
  const auto sync = ha::data_facts{true, sync_mode::sync, 100, {}};
  const auto semi = ha::data_facts{true, sync_mode::semi_sync, 100, {}};
  const auto async = ha::data_facts{true, sync_mode::async, 100, {}};
  auto c1 = ha::opening_config(o, epoch{3}, config(2, b, {a}, 1), {{a, sync}, {b, sync}, {c, semi}});
  CHECK(c1.members == std::vector<node_id>{b});
  CHECK(c1.acks_needed == 1);
  CHECK(c1.version == 2);
  CHECK(c1.leader == a);
  auto c2 = ha::opening_config(o, epoch{3}, {}, {{b, async}, {c, semi}});
  CHECK(c2.members == std::vector<node_id>{c});
  auto c3 = ha::opening_config(o, epoch{3}, {}, {{b, async}, {w, {}}});
  CHECK(c3.members.empty());
  CHECK(c3.acks_needed == 0);
  o.strict = true;
  auto c4 = ha::opening_config(o, epoch{3}, config(2, b, {a, c}, 1), {});
  CHECK(c4.members == std::vector<node_id>{c});
  CHECK(c4.acks_needed == 1);
  auto c5 = ha::opening_config(o, epoch{3}, config(2, b, {a}, 1), {});
  CHECK(c5.members.empty());
  CHECK(c5.acks_needed == 1);  // satisfied by nothing: writes block until a sync standby is there
  o.sync_acks = 0;
  CHECK(ha::opening_config(o, epoch{3}, {}, {{b, sync}}).acks_needed == 0);
}
