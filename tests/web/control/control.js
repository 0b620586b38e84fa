document.getElementById('payment').addEventListener('click', () => {});

const heading = document.createElement('h2');
heading.textContent = 'Written by script';
document.querySelector('main').append(heading);

throw new Error('planted');
