// Window functions. The input comes sorted; a partition is kept whole, with the values of its keys and of the calls'
// arguments, and its rows are given one after the other with the results in the calls' slots.

#include <deque>

#include "base/sql_error.hpp"
#include "sql/exec/call_state.hpp"
#include "sql/exec/window_frame.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

enum class function_kind { aggregate, row_number, rank, dense_rank, percent_rank, cume_dist, ntile, lag, lead, first, last, nth };

function_kind kind_of(const window_call& call) {
  if (call.aggregate != nullptr) return function_kind::aggregate;
  static constexpr std::pair<std::string_view, function_kind> names[] = {
      {"row_number", function_kind::row_number}, {"rank", function_kind::rank}, {"dense_rank", function_kind::dense_rank},
      {"percent_rank", function_kind::percent_rank}, {"cume_dist", function_kind::cume_dist}, {"ntile", function_kind::ntile},
      {"lag", function_kind::lag}, {"lead", function_kind::lead}, {"first_value", function_kind::first},
      {"last_value", function_kind::last}, {"nth_value", function_kind::nth}};
  for (auto& [name, kind] : names) {
    if (name == call.function->name) return kind;
  }
  throw sql_error(sqlstate::internal_error, std::string("window function ") + call.function->name + " has no implementation");
}

class window_node final : public plan_node {
 public:
  window_node(plan_node_ptr input, bound_window window, std::vector<window_call> calls)
      : input_(std::move(input)), window_(std::move(window)), calls_(std::move(calls)) {
    for (auto& c : calls_) {
      kinds_.push_back(kind_of(c));
      offsets_.push_back(width_);
      width_ += c.arguments.size();
    }
  }
  operation_ptr make() const override;
  std::string title() const override { return "WindowAgg"; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    for (auto& c : calls_) slots_.push_back(c.slot);
  }

  plan_node_ptr input_;
  bound_window window_;
  std::vector<window_call> calls_;
  std::vector<function_kind> kinds_;
  std::vector<std::size_t> offsets_;  ///< of a call's arguments among a row's
  std::size_t width_ = 0;
};

/// The rows of the partition at hand: the values of sort keys and arguments, and which rows each aggregate counts.
struct partition_values {
  std::vector<datum> keys, arguments;
  std::vector<bool> counted;
  std::size_t width = 0, calls = 0;

  std::span<const datum> of(std::size_t row, std::size_t offset, std::size_t count) const {
    return {arguments.data() + row * width + offset, count};
  }
};

/// One aggregate over frames that move forward: rows are added while the frame only grows, taken back where the aggregate
/// can, and added again from the frame's first row otherwise.
class moving_aggregate {
 public:
  moving_aggregate(const window_call& call, std::size_t number, std::size_t offset) : call_(call), number_(number), offset_(offset) {}

  void restart() { state_.reset(); }

  datum over(const std::vector<row_span>& spans, const partition_values& values, evaluation& in) {
    if (state_ && spans == at_) return result_;
    bool plain = spans.size() == 1 && at_.size() == 1 && state_ && spans[0].begin >= at_[0].begin && spans[0].end >= at_[0].end;
    if (plain) {
      plain = spans[0].begin < at_[0].end || spans[0].begin == at_[0].begin;
      for (std::size_t i = at_[0].begin; plain && i < spans[0].begin; ++i) {
        if (is_counted(i, values)) plain = state_->remove(values.of(i, offset_, call_.arguments.size()));
      }
    }
    if (plain) {
      add({at_[0].end, spans[0].end}, values, in);
    } else {
      state_ = call_.aggregate->start();
      for (auto& s : spans) add(s, values, in);
    }
    at_ = spans;
    memory_.reset();
    result_ = memory_.copy(state_->finish(in.call));
    return result_;
  }

 private:
  bool is_counted(std::size_t row, const partition_values& values) const { return values.counted[row * values.calls + number_]; }
  void add(row_span rows, const partition_values& values, evaluation& in) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
      in.tick();
      if (is_counted(i, values)) state_->add(in.call, values.of(i, offset_, call_.arguments.size()));
    }
  }

  const window_call& call_;
  std::size_t number_, offset_;
  std::unique_ptr<aggregate_state> state_;
  std::vector<row_span> at_;
  arena memory_;
  datum result_;
};

class window_operation final : public operation {
 public:
  explicit window_operation(const window_node& node)
      : node_(node), input_(node.input_->make()), rows_(node.input_->slots()), ahead_{row_store(rows_.slots()), row_store(rows_.slots())}, frames_(node.window_) {
    for (auto& p : node.window_.partition) partition_types_.push_back(&get_type(p->type().id));
    for (std::size_t c = 0; c < node.calls_.size(); ++c) aggregates_.emplace_back(node.calls_[c], c, node.offsets_[c]);
    values_.width = node.width_;
    values_.calls = node.calls_.size();
  }

  void open(evaluation& in) override {
    rows_.clear();
    for (auto& a : ahead_) a.clear();
    at_ = 0;
    started_ = ended_ = false;
    input_->open(in);
  }

  bool next(evaluation& in) override {
    if (at_ == rows_.size() && !load(in)) return false;
    in.tick();
    memory_.reset();
    scratch_scope own(in, memory_);
    rows_.restore(at_, in);
    auto frame = frames_.frame(at_, in);
    spans(frame);
    for (std::size_t c = 0; c < node_.calls_.size(); ++c) in.slots[static_cast<std::size_t>(node_.calls_[c].slot)] = compute(c, in);
    ++at_;
    return true;
  }

 private:
  /// Reads the next partition. The input finds its slots as it left them: what they show stays until it has moved on.
  bool load(evaluation& in) {
    at_ = 0;
    rows_.clear();
    values_.keys.clear();
    values_.arguments.clear();
    values_.counted.clear();
    kept_.reset();
    arena scratch;
    scratch_scope own(in, scratch);
    if (ahead_[turn_].size() > 0) {
      ahead_[turn_].restore(0, in);
    } else if (ended_ || !input_->next(in)) {
      return false;
    }
    if (!started_) frames_.start(in);
    started_ = true;
    std::vector<datum> partition;
    for (auto& p : node_.window_.partition) partition.push_back(kept_.copy(p->eval(in)));
    do {
      add(in);
      scratch.reset();
      if (!input_->next(in)) {
        ended_ = true;
        break;
      }
    } while (belongs(partition, in));
    turn_ = 1 - turn_;
    ahead_[turn_].clear();
    if (!ended_) ahead_[turn_].add(in);
    frames_.set_partition(values_.keys, rows_.size(), in);
    for (auto& a : aggregates_) a.restart();
    return true;
  }

  bool belongs(const std::vector<datum>& partition, evaluation& in) const {
    for (std::size_t i = 0; i < partition.size(); ++i) {
      datum value = node_.window_.partition[i]->eval(in);
      bool same = value.is_null() || partition[i].is_null() ? value.is_null() && partition[i].is_null()
                                                            : partition_types_[i]->compare(value, partition[i]) == 0;
      if (!same) return false;
    }
    return true;
  }

  void add(evaluation& in) {
    in.tick();
    rows_.add(in);
    for (auto& o : node_.window_.order) values_.keys.push_back(kept_.copy(o.value->eval(in)));
    for (auto& call : node_.calls_) {
      bool counted = !call.filter || holds(*call.filter, in);
      for (auto& a : call.arguments) {
        datum value = counted ? a->eval(in) : datum::null();
        if (value.is_null() && call.aggregate != nullptr && call.aggregate->strict) counted = false;
        values_.arguments.push_back(kept_.copy(value));
      }
      values_.counted.push_back(counted);
    }
  }

  /// The frame without what EXCLUDE takes out.
  void spans(row_span frame) {
    spans_.assign(1, frame);
    auto what = node_.window_.frame.exclusion;
    if (what == ast::frame_exclusion::none) return;
    auto cut = [this](row_span out) {
      std::vector<row_span> left;
      for (auto& s : spans_) {
        if (s.begin < std::min(s.end, out.begin)) left.push_back({s.begin, std::min(s.end, out.begin)});
        if (std::max(s.begin, out.end) < s.end) left.push_back({std::max(s.begin, out.end), s.end});
      }
      spans_ = std::move(left);
    };
    auto peers = frames_.peers(at_);
    if (what == ast::frame_exclusion::group) return cut(peers);
    if (what == ast::frame_exclusion::current_row) return cut({at_, at_ + 1});
    cut({peers.begin, at_});
    cut({at_ + 1, peers.end});
  }

  datum argument(std::size_t call, std::size_t row, std::size_t number) const {
    return values_.of(row, node_.offsets_[call], node_.calls_[call].arguments.size())[number];
  }

  datum compute(std::size_t c, evaluation& in) {
    auto count = static_cast<double>(rows_.size());
    auto integer = [](std::size_t n) { return datum::of_int(static_cast<std::int64_t>(n)); };
    switch (node_.kinds_[c]) {
      case function_kind::aggregate: return aggregates_[c].over(spans_, values_, in);
      case function_kind::row_number: return integer(at_ + 1);
      case function_kind::rank: return integer(frames_.peers(at_).begin + 1);
      case function_kind::dense_rank: return integer(frames_.group(at_) + 1);
      case function_kind::percent_rank:
        return datum::of_double(rows_.size() <= 1 ? 0 : static_cast<double>(frames_.peers(at_).begin) / (count - 1));
      case function_kind::cume_dist: return datum::of_double(static_cast<double>(frames_.peers(at_).end) / count);
      case function_kind::ntile: return tile(c);
      case function_kind::lag: return neighbour(c, false);
      case function_kind::lead: return neighbour(c, true);
      case function_kind::first: return spans_.empty() || spans_[0].begin == spans_[0].end ? datum::null() : argument(c, spans_[0].begin, 0);
      case function_kind::last: return spans_.empty() || spans_.back().begin == spans_.back().end ? datum::null() : argument(c, spans_.back().end - 1, 0);
      case function_kind::nth: return nth(c);
    }
    return datum::null();
  }

  datum tile(std::size_t c) const {
    datum wanted = argument(c, 0, 0);
    if (wanted.is_null()) return wanted;
    if (wanted.as_int() <= 0) throw sql_error("22014", "argument of ntile must be greater than zero");
    auto tiles = static_cast<std::size_t>(wanted.as_int()), size = rows_.size() / tiles, longer = rows_.size() % tiles;
    auto in_longer = longer * (size + 1);
    auto number = at_ < in_longer ? at_ / (size + 1) : longer + (at_ - in_longer) / size;
    return datum::of_int(static_cast<std::int64_t>(number + 1));
  }

  datum neighbour(std::size_t c, bool forward) const {
    auto count = node_.calls_[c].arguments.size();
    datum offset = count > 1 ? argument(c, at_, 1) : datum::of_int(1);
    if (offset.is_null()) return offset;
    auto to = static_cast<std::int64_t>(at_) + (forward ? offset.as_int() : -offset.as_int());
    if (to >= 0 && to < static_cast<std::int64_t>(rows_.size())) return argument(c, static_cast<std::size_t>(to), 0);
    return count > 2 ? argument(c, at_, 2) : datum::null();
  }

  datum nth(std::size_t c) const {
    datum wanted = argument(c, at_, 1);
    if (wanted.is_null()) return wanted;
    if (wanted.as_int() <= 0) throw sql_error("22016", "argument of nth_value must be greater than zero");
    auto left = static_cast<std::size_t>(wanted.as_int()) - 1;
    for (auto& s : spans_) {
      if (left < s.end - s.begin) return argument(c, s.begin + left, 0);
      left -= s.end - s.begin;
    }
    return datum::null();
  }

  const window_node& node_;
  operation_ptr input_;
  row_store rows_;      ///< the partition
  row_store ahead_[2];  ///< the row after it, and the one that began it
  frame_finder frames_;
  std::vector<const type_ops*> partition_types_;
  partition_values values_;
  std::deque<moving_aggregate> aggregates_;
  std::vector<row_span> spans_;
  arena kept_, memory_;
  std::size_t at_ = 0, turn_ = 0;
  bool started_ = false, ended_ = false;
};
operation_ptr window_node::make() const { return std::make_unique<window_operation>(*this); }

}  // namespace

plan_node_ptr make_window(plan_node_ptr input, bound_window window, std::vector<window_call> calls) {
  return std::make_shared<window_node>(std::move(input), std::move(window), std::move(calls));
}

}  // namespace helios::sql
