mod attacks;
mod bad_input;
mod post;
mod users;
