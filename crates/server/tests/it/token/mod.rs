mod attacks;
mod code;
mod post;
mod refresh;
